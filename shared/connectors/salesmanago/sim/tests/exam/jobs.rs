use http::Method;
use serde_json::{Value, json};

use crate::harness::Client;

#[test]
fn a_batch_for_later_loses_rows_without_a_word() {
    let mut client = Client::new();
    let rows = json!([{"contact": {"email": "one@acme.example"}}, {"contact": {"email": "wrong"}}]);
    let request = client.call("contact/batchupsertv2", &json!({ "upsertDetails": rows }))["requestId"].clone();
    assert!(client.account.contact_ids().is_empty());
    let (_, running) = client.raw("job/status", &json!({ "requestId": request }));
    assert_eq!(running["message"].as_array().unwrap().len(), 1);
    client.pass(10);
    client.call("job/status", &json!({ "requestId": request }));
    assert_eq!(client.account.contact_ids().len(), 1);
    assert_eq!(client.refused("job/status", &json!({"requestId": 1})), "Request does not exist");
}

#[test]
fn an_export_becomes_a_file_that_needs_no_credentials() {
    let mut client = Client::with(|profile| profile.base_url = "http://127.0.0.1:9".to_owned());
    let id = client.upsert(&json!({"email": "one@acme.example", "name": "One"}));
    client.call("contact/upsert", &json!({"contact": {"email": "two@acme.example"}, "tags": ["VIP"], "properties": {"size": 3}}));
    let page = client.call("contact/paginatedContactList/export", &json!({"page": 1, "size": 100}))["requestId"].clone();
    let asked = json!({"contacts": [{"addresseeType": "tag", "value": "VIP"}], "data": [{"dataType": "CONTACT"}, "PROPERTIES"]});
    let data = client.call("contact/export/data", &asked)["requestId"].clone();
    client.pass(10);
    let mut file = |request: &Value| -> Value {
        let address = client.call("job/status", &json!({ "requestId": request }))["fileUrl"].as_str().unwrap().to_owned();
        let answer = client.send(Method::GET, address.strip_prefix("http://127.0.0.1:9").unwrap(), &json!({}));
        serde_json::from_slice(answer.body()).unwrap()
    };
    let rows = file(&page);
    assert_eq!(rows["contacts"].as_array().unwrap().len(), 2);
    let row = rows["contacts"].as_array().unwrap().iter().find(|row| row["id"] == json!(id)).unwrap().clone();
    assert_eq!((&row["name"], &row["exists"]), (&json!("One"), &json!(true)));
    let parts = file(&data);
    let (_, shown) = parts[0].as_object().unwrap().iter().next().unwrap();
    assert_eq!((&shown["contactData"]["email"], &shown["properties"][0]["value"]), (&json!("two@acme.example"), &json!("3")));
    assert!(shown.get("tags").is_none());
}
