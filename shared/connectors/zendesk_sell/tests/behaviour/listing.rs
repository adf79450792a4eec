//! Listings, and the change of plan in the middle of them.

use serde_json::json;
use syncline_engine::ports::connector::{From, Page};
use syncline_model::{Fault, Presence};

use crate::scripted::{Answer, Desk, answer, at, by, contact, contacts, is_end, list, ok, refused, stream, told};

const NEW: &str = "2026-11-22T09:59:00Z";
const OLD: &str = "2026-11-22T08:00:00Z";

async fn since(desk: &Desk, moment: &str) -> Page {
    desk.connector.list_changes(&contacts(&["last_name"]), &From::Since(at(moment)), by()).await.unwrap()
}

async fn on(desk: &Desk, page: &Page) -> Page {
    desk.connector.list_changes(&contacts(&["last_name"]), &From::Cursor(page.resume.cursor()), by()).await.unwrap()
}

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

#[test]
fn without_firehose_the_list_is_read_until_it_reaches_back_far_enough() {
    run(async {
        let full: Vec<_> = (0..100).map(|number| contact(1_000 - number, NEW)).collect();
        // It begins with records that were read, for parts overlap.
        let mut second: Vec<_> = full[96..].to_vec();
        second.extend([contact(5, NEW), contact(4, OLD)]);
        let answers = vec![
            refused(403, "insufficient_scope"),
            list(&full, true),
            list(&second, true),
            answer(403, ""),
            list(&[contact(7, NEW)], false),
        ];
        let desk = Desk::new(answers);
        let first = since(&desk, "2026-11-22T09:00:00Z").await;
        assert_eq!((first.records.len(), is_end(&first)), (100, false));
        let last = on(&desk, &first).await;
        assert_eq!((told(&last), is_end(&last)), (vec!["5".to_owned()], true));
        let next = on(&desk, &last).await;
        assert_eq!((told(&next), is_end(&next)), (vec!["7".to_owned()], true));
        let asked = desk.asked();
        assert_eq!(asked[0], "GET /v3/contacts/stream?position=top&limit=1");
        assert_eq!(asked[1], "GET /v2/contacts?sort_by=updated_at%3Adesc&per_page=100&page=1");
        assert!(asked[2].starts_with("GET /v2/contacts?sort_by=updated_at%3Adesc&per_page=9"), "{}", asked[2]);
        assert!(desk.is_done());
    });
}

#[test]
fn an_upgrade_is_used_from_the_place_where_firehose_stood_before_the_list() {
    run(async {
        let answers = vec![
            stream(&[], "before-the-list", true),
            list(&[contact(1, NEW)], false),
            stream(&[(1, false), (2, false), (3, true), (2, true)], "later", false),
            list(&[contact(1, NEW)], false),
            stream(&[], "latest", true),
        ];
        let desk = Desk::new(answers);
        let listed = since(&desk, "2026-11-22T09:00:00Z").await;
        assert!(is_end(&listed));
        let first = on(&desk, &listed).await;
        assert_eq!((told(&first), is_end(&first)), (vec!["-2".to_owned(), "-3".to_owned(), "1".to_owned()], false));
        let last = on(&desk, &first).await;
        assert!(last.records.is_empty() && is_end(&last));
        let asked = desk.asked();
        assert_eq!(asked[2], "GET /v3/contacts/stream?position=before-the-list&limit=100");
        assert_eq!(asked[3], "GET /v2/contacts?ids=1&per_page=100", "what an event tells is read, once each record");
        assert_eq!(asked[4], "GET /v3/contacts/stream?position=later&limit=100");
        assert!(desk.is_done());
    });
}

/// Firehose went on until ten; then this.
async fn after_firehose(answers: Vec<Answer>) -> (Desk, Page) {
    let mut all = vec![stream(&[], "a", true), list(&[], false), stream(&[], "b", true)];
    all.extend(answers);
    let desk = Desk::new(all);
    let listed = since(&desk, "2026-11-22T09:00:00Z").await;
    let known = on(&desk, &listed).await;
    let next = on(&desk, &known).await;
    (desk, next)
}

#[test]
fn a_downgrade_or_an_old_position_leads_back_to_the_list() {
    run(async {
        let rows = [contact(2, "2026-11-22T09:58:30Z"), contact(1, "2026-11-22T09:57:00Z")];
        for gone in [answer(410, ""), answer(403, ""), refused(403, "insufficient_scope"), refused(404, "not_found")] {
            let again = stream(&[], "c", true);
            let (desk, page) = after_firehose(vec![gone, again, list(&rows, false), stream(&[], "d", true)]).await;
            // All until ten was told: two minutes before that are listed again.
            assert_eq!((told(&page), is_end(&page)), (vec!["2".to_owned()], true));
            assert!(is_end(&on(&desk, &page).await));
            assert_eq!(desk.asked().last().unwrap(), "GET /v3/contacts/stream?position=c&limit=100");
            assert!(desk.is_done());
        }
    });
}

#[test]
fn a_401_of_a_stream_is_the_plans_where_the_token_is_good() {
    run(async {
        let me = || ok(&json!({"data": {"id": 1, "email": "root@acme.example"}}));
        let probe = || vec![refused(401, "unauthorized"), me(), refused(401, "unauthorized")];
        let mut answers = probe();
        answers.push(list(&[contact(1, NEW)], false));
        let desk = Desk::new(answers);
        assert!(is_end(&since(&desk, "2026-11-22T09:00:00Z").await) && desk.is_done());
        // Where the token itself is bad, that is said.
        let desk = Desk::new(vec![refused(401, "unauthorized"), refused(401, "unauthorized")]);
        let refusal = desk.connector.list_changes(&contacts(&[]), &From::Since(at(OLD)), by()).await.unwrap_err();
        assert!(matches!(refusal.fault, Fault::AuthRefused { .. }), "{refusal}");
    });
}

#[test]
fn an_empty_page_of_a_stream_is_no_end_and_one_that_stands_still_is_no_loop() {
    run(async {
        let (desk, page) = after_firehose(vec![stream(&[], "c", false), stream(&[], "c", false)]).await;
        assert!(page.records.is_empty() && !is_end(&page));
        assert!(is_end(&on(&desk, &page).await));
    });
}

#[test]
fn what_an_event_tells_and_no_list_has_is_asked_for_by_its_own_address() {
    run(async {
        let late = ok(&json!({"data": contact(8, NEW)}));
        let answers = vec![stream(&[(7, false), (8, false)], "c", true), list(&[], false), refused(404, "not_found"), late];
        let (_, page) = after_firehose(answers).await;
        assert_eq!(told(&page), ["-7", "8"]);
        assert_eq!(page.records[0].as_ref().unwrap().presence, Presence::Deleted);
    });
}

#[test]
fn deletions_between_two_parts_of_a_scan_skip_nothing() {
    run(async {
        let ids = |from: u64, to: u64| (from..to).map(|id| contact(id, OLD)).collect::<Vec<_>>();
        // Ten of the first part were deleted: the second begins behind what was read, and one step back finds the rest.
        let answers = vec![
            answer(404, ""),
            list(&ids(1, 101), true),
            list(&ids(107, 150), false),
            list(&ids(15, 112), true),
            list(&ids(111, 150), false),
        ];
        let desk = Desk::new(answers);
        let first = desk.connector.scan(&contacts(&["last_name"]), None, by()).await.unwrap();
        let second = desk.connector.scan(&contacts(&["last_name"]), Some(first.resume.cursor()), by()).await.unwrap();
        assert_eq!((told(&second).first().unwrap().as_str(), told(&second).last().unwrap().as_str()), ("101", "111"));
        let third = desk.connector.scan(&contacts(&["last_name"]), Some(second.resume.cursor()), by()).await.unwrap();
        assert_eq!((told(&third).first().unwrap().as_str(), is_end(&third)), ("112", true));
    });
}

#[test]
fn a_list_that_is_gone_is_no_empty_list() {
    run(async {
        for gone in [refused(404, "not_found"), refused(403, "insufficient_scope"), answer(410, "")] {
            let desk = Desk::new(vec![answer(404, ""), gone]);
            let refusal = desk.connector.scan(&contacts(&[]), None, by()).await.unwrap_err();
            assert!(matches!(refusal.fault, Fault::AuthRefused { .. }), "{refusal}");
        }
    });
}

#[test]
fn a_stream_in_trouble_leaves_the_list_as_it_was() {
    run(async {
        let desk = Desk::new(vec![answer(503, ""), list(&[contact(1, NEW)], false), answer(503, ""), list(&[], false)]);
        let first = since(&desk, "2026-11-22T09:00:00Z").await;
        assert!(is_end(&on(&desk, &first).await) && desk.is_done());
    });
}
