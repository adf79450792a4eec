//! Listings that go on anywhere, records by id and by key.

use syncline_engine::ports::connector::RelatedQuery;
use syncline_engine::ports::connector::{Cursor, From, Resume};
use syncline_engine::ports::http::NoAnswer;
use syncline_model::{Fault, Presence, Value};

use super::{Next, World, by, composite, contact_id, contacts, key, ok, page, row};

fn since<'a>() -> From<'a> {
    From::Since("2026-11-20T10:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn live_deleted_and_merged_rows_come_in_one_page() {
    let rows = [
        row(1, "10:00:01", r#","IsDeleted":false,"MasterRecordId":null,"Email":"a@b.example","Interests__c":"B;A","Score__c":7"#),
        row(2, "10:00:01", r#","IsDeleted":true,"MasterRecordId":null,"Email":null"#),
        row(3, "10:00:02", &format!(r#","IsDeleted":true,"MasterRecordId":"{}""#, &contact_id(1)[..15])),
        r#"{"Email":"no id"}"#.to_owned(),
    ];
    let world = World::answering([ok(&page(&rows, None))]);
    let listed = world
        .connect(&[])
        .list_changes(&contacts(&["Email", "Interests__c", "Score__c", "Hidden__c", "MailingAddress", "Account.Name"]), &since(), by())
        .await
        .unwrap();
    let (_, path, _) = &world.asked()[0];
    assert_eq!(
        path,
        "/services/data/v66.0/queryAll?q=SELECT Account.Name,Email,Interests__c,Score__c,Id,IsDeleted,MasterRecordId,SystemModstamp FROM Contact \
         WHERE SystemModstamp >= 2026-11-20T09:50:00Z ORDER BY SystemModstamp, Id"
    );
    let first = listed.records[0].as_ref().unwrap();
    assert!(first.field("Interests__c") == Some(&Value::set(["A".into(), "B".into()])));
    assert!(first.field("Score__c") == Some(&Value::Decimal("7".parse().unwrap())));
    assert!(first.field("Hidden__c").is_none() && first.field("SystemModstamp").is_none());
    assert_eq!(listed.records[1].as_ref().unwrap().presence, Presence::Deleted);
    assert_eq!(listed.records[2].as_ref().unwrap().presence, Presence::MergedInto(contact_id(1).into()));
    assert!(matches!(listed.records[3].as_ref().unwrap_err().fault, Fault::Drift { .. }));
    // The next listing starts from the vendor's time (09:59:30) less the lookback.
    let Resume::CaughtUp(cursor) = listed.resume else { panic!("more") };
    let world = World::answering([ok(&page(&[], None))]);
    world.connect(&[]).list_changes(&contacts(&["Email"]), &From::Cursor(&cursor), by()).await.unwrap();
    assert!(world.asked()[0].1.contains("SystemModstamp >= 2026-11-22T09:49:30Z ORDER"));
}

#[tokio::test]
async fn a_listing_goes_on_at_every_page_with_and_without_its_locator() {
    let pages = [
        vec![row(1, "10:00:01", ""), row(2, "10:00:01", "")],
        vec![row(3, "10:00:01", ""), row(4, "10:00:01", "")],
        vec![row(5, "10:00:02", "")],
    ];
    for locator_lives in [true, false] {
        let mut seen = Vec::new();
        let mut cursor: Option<Cursor> = None;
        for (number, rows) in pages.iter().enumerate() {
            let locator = format!("/services/data/v66.0/query/0r8-{number}");
            let good = ok(&page(rows, (number < 2).then_some(locator.as_str())));
            let gone = Next::Answer(400, r#"[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]"#.into());
            let world = World::answering(if number > 0 && !locator_lives { vec![gone, good] } else { vec![good] });
            let from = match &cursor {
                Some(cursor) => From::Cursor(cursor),
                None => since(),
            };
            let listed = world.connect(&[]).list_changes(&contacts(&["Email"]), &from, by()).await.unwrap();
            if number > 0 {
                assert!(world.asked()[0].1.ends_with(&format!("/query/0r8-{}", number - 1)));
            }
            if number > 0 && !locator_lives {
                let last = contact_id(u32::try_from(number).unwrap() * 2);
                assert!(world.asked()[1].1.contains(&format!(
                    "((SystemModstamp = 2026-11-20T10:00:01Z AND Id > '{last}') OR SystemModstamp > 2026-11-20T10:00:01Z) ORDER BY SystemModstamp, Id"
                )));
            }
            seen.extend(listed.records.into_iter().map(|record| record.unwrap().id));
            match listed.resume {
                Resume::More(more) => cursor = Some(Cursor(more.0.clone())),
                Resume::CaughtUp(_) => assert_eq!(number, 2),
            }
        }
        assert_eq!(seen, (1..=5).map(|number| contact_id(number).into()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn another_selection_does_not_use_the_old_locator() {
    let world = World::answering([ok(&page(&[row(1, "10:00:01", "")], Some("/services/data/v66.0/query/0r8-1"))), ok(&page(&[], None))]);
    let connector = world.connect(&[]);
    let first = connector.list_changes(&contacts(&["Email"]), &since(), by()).await.unwrap();
    connector.list_changes(&contacts(&["Email", "Phone"]), &From::Cursor(first.resume.cursor()), by()).await.unwrap();
    assert!(world.asked()[1].1.contains("Id > '"));
}

#[tokio::test]
async fn a_stuck_listing_ends() {
    let stuck = "/services/data/v66.0/query/0r8-1";
    let world = World::answering([ok(&page(&[], Some(stuck))), ok(&page(&[], Some(stuck)))]);
    let connector = world.connect(&[]);
    let first = connector.list_changes(&contacts(&["Email"]), &since(), by()).await.unwrap();
    let second = connector.list_changes(&contacts(&["Email"]), &From::Cursor(first.resume.cursor()), by()).await;
    assert_eq!(second.unwrap_err().fault.code(), "drift");
    let world = World::answering([ok(&page(&[], Some("https://elsewhere.example/query")))]);
    let first = world.connect(&[]).list_changes(&contacts(&["Email"]), &since(), by()).await.unwrap();
    let second = world.connect(&[]).list_changes(&contacts(&["Email"]), &From::Cursor(first.resume.cursor()), by()).await;
    assert_eq!(second.unwrap_err().fault.code(), "drift");
}

#[tokio::test]
async fn a_scan_ends_with_a_cursor_for_changes_and_leaves_person_accounts_out() {
    let mut world = World { persons: true, ..World::default() };
    world.answers.get_mut().unwrap().push_back(ok(&page(&[row(1, "10:00:01", "")], None)));
    *world.bundle.get_mut().unwrap() = Some(super::bundle(&[("client_id", "c"), ("client_secret", "s")]));
    let world = std::sync::Arc::new(world);
    let scanned = world.connect(&[]).scan(&contacts(&["Email"]), None, by()).await.unwrap();
    assert_eq!(
        world.asked()[0].1,
        "/services/data/v66.0/query?q=SELECT Email,Id,SystemModstamp FROM Contact WHERE IsPersonAccount = false ORDER BY SystemModstamp, Id"
    );
    let Resume::CaughtUp(cursor) = scanned.resume else { panic!("more") };
    let world = World::answering([ok(&page(&[], None))]);
    assert!(world.connect(&[]).list_changes(&contacts(&["Email"]), &From::Cursor(&cursor), by()).await.is_ok());
}

#[tokio::test]
async fn broken_answers_to_reads_are_drift_and_outages_pass() {
    for (next, code) in [
        (ok("<html/>"), "drift"),
        (ok(""), "drift"),
        (ok(r#"{"records":[{"Id"#), "drift"),
        (ok("[]"), "drift"),
        (Next::Answer(503, "<html/>".into()), "transient"),
        (Next::Lost(NoAnswer::NotSent("refused".into())), "transient"),
        (Next::Lost(NoAnswer::Unanswered("timed out".into())), "transient"),
        (Next::Lost(NoAnswer::Budget { until: by().0 }), "rate_limited"),
        (Next::Answer(403, r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#.into()), "rate_limited"),
    ] {
        let world = World::answering([next]);
        let error = world.connect(&[]).list_changes(&contacts(&["Email"]), &since(), by()).await.unwrap_err();
        assert_eq!(error.fault.code(), code);
    }
}

#[tokio::test]
async fn a_field_that_went_is_left_out_after_describing_anew() {
    let gone = r#"[{"message":"No such column 'Email' on entity 'Contact'.","errorCode":"INVALID_FIELD"}]"#;
    let world = World::answering([Next::Answer(400, gone.into()), ok(&page(&[], None))]);
    assert!(world.connect(&[]).list_changes(&contacts(&["Email"]), &since(), by()).await.is_ok());
    assert_eq!(world.log.lock().unwrap().iter().filter(|line| line.starts_with("metadata")).count(), 2);
}

#[tokio::test]
async fn missing_rows_are_told_from_deleted_ones() {
    let deleted = row(2, "10:00:01", r#","IsDeleted":true,"MasterRecordId":null"#);
    let live = row(1, "10:00:01", r#","Email":"a@b.example""#);
    let world = World::answering([ok(&format!("[{live},null,null]")), ok(&page(&[deleted], None))]);
    let ids: Vec<_> = [1, 2, 3, 1].map(|number| contact_id(number).into()).to_vec();
    let found = world.connect(&[]).get(&contacts(&["Email"]), &ids, by()).await.unwrap();
    assert!(found[0].as_ref().unwrap().is_live() && found[0] == found[3]);
    assert_eq!(found[1].as_ref().unwrap().presence, Presence::Deleted);
    assert!(found[2].is_none());
    let asked = world.asked();
    assert_eq!((asked.len(), asked[0].1.as_str()), (2, "/services/data/v66.0/composite/sobjects/Contact"));
    assert!(asked[0].2.ends_with(r#""fields":["Email","Id","SystemModstamp"]}"#));
    assert!(asked[1].1.starts_with("/services/data/v66.0/queryAll?q="));
}

#[tokio::test]
async fn a_thousand_ids_are_one_call() {
    let ids: Vec<_> = (0..1_000).map(|number| contact_id(number).into()).collect();
    let lists: Vec<String> = (0..5)
        .map(|part| format!("[{}]", (0..200).map(|number| row(part * 200 + number, "10:00:01", "")).collect::<Vec<_>>().join(",")))
        .collect();
    let parts: Vec<(String, &str)> = lists.iter().enumerate().map(|(number, list)| (format!("read{number}"), list.as_str())).collect();
    let parts: Vec<(&str, u16, &str)> = parts.iter().map(|(reference, list)| (reference.as_str(), 200, *list)).collect();
    let world = World::answering([ok(&composite(&parts))]);
    let found = world.connect(&[]).get(&contacts(&["Email"]), &ids, by()).await.unwrap();
    assert_eq!((found.iter().flatten().count(), world.asked().len()), (1_000, 1));
}

#[tokio::test]
async fn keys_are_looked_for_in_one_query_and_found_without_case() {
    let rows = [
        row(1, "10:00:01", r#","Email":"IDA@b.example","Phone":null"#),
        row(2, "10:00:01", r#","Email":"o'neill@b.example","Phone":"+49 30 1""#),
    ];
    let world = World::answering([ok(&page(&rows, None))]);
    let keys = [
        key("Email", " ida@B.example"),
        key("Phone", "+49 30 1"),
        key("Email", "o'neill@b.example"),
        key("Email", "none@b.example"),
        key("Email", ""),
    ];
    let found = world.connect(&[]).find(&contacts(&["LastName"]), &keys, by()).await.unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1, 0, 0]);
    assert_eq!((found[0][0].id.as_str(), found[1][0].id.as_str()), (contact_id(1).as_str(), contact_id(2).as_str()));
    assert!(found[0][0].field("Email").is_none(), "only the selection is answered");
    assert_eq!(
        world.asked()[0].1,
        r"/services/data/v66.0/query?q=SELECT Email,LastName,Phone,Id,SystemModstamp FROM Contact WHERE (Email IN ('ida@B.example','o\'neill@b.example','none@b.example') OR Phone IN ('+49 30 1'))"
    );
}

#[tokio::test]
async fn many_long_keys_go_through_one_composite_call_of_short_addresses() {
    let keys: Vec<_> = (0..200).map(|number| key("Email", &format!("{number}{}@b.example", "ü".repeat(20)))).collect();
    let empty = page(&[], None);
    let parts = ["query0", "query1", "query2"].map(|reference| (reference, 200, empty.as_str()));
    let world = World::answering([ok(&composite(&parts))]);
    let found = world.connect(&[]).find(&contacts(&["Email"]), &keys, by()).await.unwrap();
    assert_eq!(found.len(), 200);
    let body: serde_json::Value = serde_json::from_str(&world.asked()[0].2).unwrap();
    let urls: Vec<&str> = body["compositeRequest"].as_array().unwrap().iter().map(|part| part["url"].as_str().unwrap()).collect();
    assert!(urls.len() == 3 && urls.iter().all(|url| url.len() <= 12_000), "{}", urls.len());
}

#[tokio::test]
async fn a_key_that_cannot_be_looked_for_is_no_empty_success() {
    let world = World::answering([]);
    let connector = world.connect(&[]);
    for (field, code) in [("Hidden__c", "drift"), ("Notes__c", "unsupported"), ("MailingAddress", "unsupported")] {
        let error = connector.find(&contacts(&["Email"]), &[key(field, "x")], by()).await.unwrap_err();
        assert_eq!(error.fault.code(), code, "{field}");
    }
}

#[tokio::test]
async fn a_panel_is_one_call_and_an_object_that_is_off_is_empty() {
    let query = |kind: &str| RelatedQuery {
        kind: kind.into(),
        fields: vec!["Status".into()],
        matching: super::FindKey { field: "AccountId".into(), value: Value::Reference("001ak00000OQTieAAH".into()) },
        newest_by: vec!["StartDate".into(), "CreatedDate".into()],
        records_max: 5,
    };
    let contract =
        page(&[r#"{"Id":"800ak00000OQTieAAH","Status":"Draft","SystemModstamp":"2026-11-20T10:00:00.000+0000"}"#.to_owned()], None);
    let off = r#"[{"message":"sObject type 'Order' is not supported.","errorCode":"INVALID_TYPE"}]"#;
    let parts = [("query0", 200, contract.as_str()), ("query1", 400, off)];
    let world = World::answering([ok(&composite(&parts)), ok(&composite(&parts))]);
    let found = world.connect(&[]).related(&[query("Contract"), query("Order")], by()).await.unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    assert!(found[0][0].kind.as_str() == "Contract" || found[0][0].field("Status").is_some());
    let first = &world.asked()[0];
    let body = percent_encoding::percent_decode_str(&first.2).decode_utf8().unwrap().into_owned();
    assert!(body.contains("SELECT Status,Id,SystemModstamp FROM Contract WHERE AccountId = '001ak00000OQTieAAH' ORDER BY StartDate DESC NULLS LAST,CreatedDate DESC NULLS LAST LIMIT 5"), "{body}");
}
