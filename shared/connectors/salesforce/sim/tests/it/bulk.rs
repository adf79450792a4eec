//! Bulk API 2.0 jobs.

use serde_json::json;
use syncline_salesforce_sim::Profile;

use crate::desk::Desk;

#[test]
fn a_query_job_gives_its_rows_in_parts() {
    let mut desk = Desk::with_people(25);
    let job =
        desk.call("POST", "jobs/query", &json!({ "operation": "query", "query": "SELECT Id, Email, Account.Name, Fax FROM Contact" }));
    let id = job.body["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.get(&format!("jobs/query/{id}/results")).status, 404);
    assert_eq!(desk.get(&format!("jobs/query/{id}")).body["state"], "UploadComplete");
    assert_eq!(desk.get(&format!("jobs/query/{id}")).body["state"], "JobComplete");
    let first = desk.get(&format!("jobs/query/{id}/results?maxRecords=20"));
    assert_eq!((first.header("sforce-locator"), first.header("sforce-numberofrecords")), (Some("20"), Some("20")));
    assert!(first.text.starts_with("\"Id\",\"Email\",\"Account.Name\",\"Fax\"\n\"003"));
    let last = desk.get(&format!("jobs/query/{id}/results?maxRecords=20&locator=20"));
    assert_eq!((last.header("sforce-locator"), last.text.lines().count()), (Some("null"), 6));
}

#[test]
fn an_ingest_job_tells_each_rows_fate() {
    let mut desk = Desk::new(Profile::default());
    desk.external_id_on_contact();
    let request = json!({ "object": "Contact", "operation": "upsert", "externalIdFieldName": "Freshdesk_Id__c", "contentType": "CSV", "lineEnding": "LF" });
    let job = desk.call("POST", "jobs/ingest", &request);
    let id = job.body["id"].as_str().unwrap().to_owned();
    let csv = "Freshdesk_Id__c,LastName,Title\n1,\"Rao, \"\"R\"\"\",#N/A\n2,,x\n";
    assert_eq!(desk.send("PUT", &format!("/services/data/v66.0/jobs/ingest/{id}/batches"), csv).status, 201);
    assert_eq!(desk.call("PATCH", &format!("jobs/ingest/{id}"), &json!({ "state": "UploadComplete" })).body["state"], "UploadComplete");
    let done = desk.get(&format!("jobs/ingest/{id}"));
    assert_eq!((&done.body["state"], &done.body["numberRecordsFailed"]), (&json!("JobComplete"), &json!(1)));
    let failed = desk.get(&format!("jobs/ingest/{id}/failedResults"));
    assert!(failed.text.contains("REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"), "{}", failed.text);
    let saved = desk.get(&format!("jobs/ingest/{id}/successfulResults"));
    assert_eq!(saved.text.lines().count(), 2);
    let contact = desk.org.ids("Contact").remove(0);
    assert_eq!(desk.org.record("Contact", &contact).unwrap()["LastName"], "Rao, \"R\"");
}
