//! Lists and their walls.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use syncline_simulator::{Population, Users};
use syncline_zoho_crm_sim::Profile;

use crate::desk::{Desk, ids};

const LIST: &str = "/crm/v8/Contacts?fields=Last_Name";

#[test]
fn fields_must_be_named_and_fifty_are_the_most() {
    let mut desk = Desk::new(Profile::default());
    desk.contacts(&["a"]);
    assert_eq!(desk.get("/crm/v8/Contacts").1["code"], json!("REQUIRED_PARAM_MISSING"));
    assert_eq!(desk.get("/crm/v8/Contacts?fields=id").0, 400);
    let many: Vec<String> = (0..51).map(|number| format!("F{number}")).collect();
    let (status, body) = desk.get(&format!("/crm/v8/Contacts?fields={}", many.join(",")));
    assert_eq!((status, &body["code"], &body["details"]["limit"]), (400, &json!("LIMIT_EXCEEDED"), &json!(50)));
    // The second version gives everything unasked.
    let all = desk.rows("/crm/v2/Contacts");
    assert_eq!((all[0]["Email"].as_str(), all[0]["$editable"].as_bool()), (Some("a@a.example"), Some(true)));
    assert_eq!(desk.rows(LIST)[0].as_object().unwrap().len(), 2);
}

#[test]
fn nothing_is_204_and_nothing_newer_is_304() {
    let mut desk = Desk::new(Profile::default());
    assert_eq!(desk.raw("GET", LIST, &Json::Null).status(), 204);
    desk.contacts(&["a"]);
    desk.headers = vec![("if-modified-since", "2026-11-22T13:00:01+03:00".to_owned())];
    let answer = desk.raw("GET", LIST, &Json::Null);
    assert_eq!((answer.status().as_u16(), answer.body().len()), (304, 0));
    desk.headers = vec![("if-modified-since", "2026-11-22T12:59:59+03:00".to_owned())];
    assert_eq!(desk.rows(LIST).len(), 1);
    // As HTTP writes it, it is not understood.
    desk.headers = vec![("if-modified-since", "Sun, 22 Nov 2026 11:00:00 GMT".to_owned())];
    assert_eq!(desk.rows(LIST).len(), 1);
}

#[test]
fn records_of_one_second_stand_by_descending_id() {
    let mut desk = Desk::new(Profile::default());
    let first = desk.contacts(&["a", "b", "c"]);
    desk.pass(1);
    let second = desk.contacts(&["d", "e"]);
    let rows = desk.rows("/crm/v8/Contacts?fields=Last_Name,Modified_Time&sort_by=Modified_Time&sort_order=asc");
    let expected: Vec<&String> = first.iter().rev().chain(second.iter().rev()).collect();
    assert_eq!(ids(&rows), expected);
    assert_eq!(rows[0]["Modified_Time"], json!("2026-11-22T13:00:00+03:00"));
}

#[test]
fn pages_end_at_two_thousand_and_tokens_go_on() {
    let mut desk = Desk::new(Profile { credits: 1_000_000, ..Profile::default() });
    desk.zoho.load(&Population::new(1), 0..3_000, 0..0, desk.now);
    let (status, body) = desk.get(&format!("{LIST}&page=11"));
    assert_eq!((status, &body["code"]), (400, &json!("DISCRETE_PAGINATION_LIMIT_EXCEEDED")));
    assert_eq!(desk.get(&format!("{LIST}&page=10")).0, 200);
    let mut seen = BTreeSet::new();
    let mut path = LIST.to_owned();
    loop {
        let (status, body) = desk.get(&path);
        assert_eq!(status, 200, "{body}");
        seen.extend(body["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        match body["info"]["next_page_token"].as_str() {
            Some(token) => path = format!("{LIST}&page_token={token}"),
            None => break,
        }
    }
    // Of four people one is a lead.
    assert_eq!(seen.len(), 2_250);
}

#[test]
fn a_page_token_is_bound_to_all_that_was_asked() {
    let mut desk = Desk::new(Profile { page_records_max: 2, ..Profile::default() });
    desk.contacts(&["a", "b", "c"]);
    let token = desk.get(LIST).1["info"]["next_page_token"].as_str().unwrap().to_owned();
    assert!(token.len() > 96);
    let code = |desk: &mut Desk, path: &str| desk.get(path).1["code"].clone();
    let next = format!("{LIST}&page_token={token}");
    assert_eq!(code(&mut desk, &format!("{next}&sort_order=asc")), json!("TOKEN_BOUND_DATA_MISMATCH"));
    assert_eq!(desk.get(&format!("{next}&page=2")).0, 400);
    desk.headers = vec![("if-modified-since", "2026-11-22T10:00:00+03:00".to_owned())];
    assert_eq!(code(&mut desk, &next), json!("TOKEN_BOUND_DATA_MISMATCH"));
    desk.headers.clear();
    assert_eq!(desk.rows(&next).len(), 1);
    desk.pass(86_400);
    desk.token = desk.sign_in();
    assert_eq!(code(&mut desk, &next), json!("EXPIRED_VALUE"));
}

#[test]
fn the_deleted_are_listed_by_module_and_without_names_once_they_are_gone_for_good() {
    let mut desk = Desk::new(Profile::default());
    let made = desk.contacts(&["a", "b"]);
    assert_eq!(desk.raw("GET", "/crm/v8/Contacts/deleted", &Json::Null).status(), 204);
    assert_eq!(desk.ask("DELETE", &format!("/crm/v8/Contacts?ids={}", made[0]), &Json::Null).0, 200);
    desk.zoho.purge(desk.now, "Contacts", &made[1]).unwrap();
    let rows = desk.rows("/crm/v8/Contacts/deleted");
    let of = |id: &str| rows.iter().find(|row| row["id"] == json!(id)).unwrap();
    assert_eq!((&of(&made[0])["type"], &of(&made[0])["display_name"]), (&json!("recycle"), &json!("a")));
    assert_eq!((&of(&made[1])["type"], &of(&made[1])["deleted_by"]), (&json!("permanent"), &Json::Null));
    assert_eq!(desk.rows("/crm/v8/Leads/deleted").len(), 0);
    desk.zoho.restore(desk.now, "Contacts", &made[0]).unwrap();
    assert_eq!(ids(&desk.rows(LIST)), [&made[0]]);
    desk.headers = vec![("if-modified-since", "2027-01-01T00:00:00+03:00".to_owned())];
    assert_eq!(desk.raw("GET", "/crm/v8/Contacts/deleted", &Json::Null).status(), 204);
}

#[test]
fn searches_lag_behind_and_escape_their_signs() {
    let mut desk = Desk::new(Profile { search_lag_s: 5, ..Profile::default() });
    let odd = desk.made("Contacts", &json!({"Last_Name": "Smith (old), J.", "Email": "j.o'neill+a@b.example", "Phone": "+49 30 1"}));
    let found = |desk: &mut Desk, query: &str| {
        let rows = desk.rows(&format!("/crm/v8/Contacts/search?{query}"));
        ids(&rows).iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()
    };
    assert!(found(&mut desk, "email=j.o'neill%2Ba@b.example").is_empty());
    desk.pass(5);
    let escaped = "criteria=(Last_Name:equals:Smith%20%5C(old%5C)%5C,%20J.)";
    for query in ["email=J.O'Neill%2Ba@b.example", "phone=%2B49%2030%201", "word=smith", escaped] {
        assert_eq!(found(&mut desk, query), [odd.as_str()], "{query}");
    }
    assert_eq!(found(&mut desk, "criteria=((Email:equals:x@y.example)or(Last_Name:starts_with:Smith))"), [odd.as_str()]);
    assert!(found(&mut desk, "criteria=((Email:equals:x@y.example)and(Last_Name:starts_with:Smith))").is_empty());
    assert_eq!(desk.get("/crm/v8/Contacts/search?criteria=(Nowhere:equals:x)").1["code"], json!("INVALID_QUERY"));
    // The changed value is found only later, the old one until then.
    desk.ask("PUT", "/crm/v8/Contacts", &json!({"data": [{"id": odd, "Email": "new@b.example"}]}));
    assert_eq!((found(&mut desk, "email=new@b.example").len(), found(&mut desk, "email=j.o'neill%2Ba@b.example").len()), (0, 1));
    desk.pass(5);
    assert_eq!((found(&mut desk, "email=new@b.example").len(), found(&mut desk, "email=j.o'neill%2Ba@b.example").len()), (1, 0));
}

#[test]
fn coql_selects_orders_and_limits() {
    let mut desk = Desk::new(Profile::default());
    let account = desk.made("Accounts", &json!({"Account_Name": "O'Neill & Sons"}));
    let made = desk.made("Contacts", &json!({"Last_Name": "Ångström", "Account_Name": {"id": account}}));
    desk.pass(60);
    desk.contacts(&["b", "c"]);
    let mut select = |query: &str| {
        let (status, body) = desk.ask("POST", "/crm/v8/coql", &json!({"select_query": query}));
        (status, body)
    };
    let (_, body) =
        select("select Last_Name, Account_Name.Account_Name from Contacts where Account_Name.Account_Name = 'O\\'Neill & Sons'");
    assert_eq!((&body["data"][0]["id"], &body["data"][0]["Account_Name.Account_Name"]), (&json!(made), &json!("O'Neill & Sons")));
    let (_, body) = select(
        "select Last_Name from Contacts where ((Modified_Time >= '2026-11-22T10:01:00+00:00') and Last_Name in ('b', 'c')) order by Last_Name desc limit 0, 1",
    );
    assert_eq!((&body["data"][0]["Last_Name"], &body["info"]["more_records"]), (&json!("c"), &json!(true)));
    assert_eq!(select("select id from Contacts where Last_Name = 'nobody'").0, 204);
    assert_eq!(select("select id from Contacts").1["code"], json!("SYNTAX_ERROR"));
    assert_eq!(select("select Nowhere from Contacts where id is not null").1["code"], json!("INVALID_QUERY"));
}

#[test]
fn the_organisation_tells_of_itself() {
    let mut desk = Desk::new(Profile::default());
    assert_eq!(desk.get("/crm/v8/org").1["org"][0]["time_zone"], json!("Europe/Athens"));
    let id = desk.zoho.add_user(desk.now, "Owner@a.example", "Olga", "Owner");
    assert_eq!(desk.get("/crm/v8/users?type=ActiveUsers").1["users"].as_array().unwrap().len(), 3);
    assert!(desk.zoho.set_user_active(&id, false));
    assert_eq!(desk.get("/crm/v8/users?type=ActiveUsers").1["users"].as_array().unwrap().len(), 2);
    let (_, me) = desk.get("/crm/v8/users?type=CurrentUser");
    assert_eq!(me["users"][0]["id"], json!(desk.zoho.integration_user()));
    let (_, fields) = desk.get("/crm/v8/settings/fields?module=Leads");
    let names: Vec<&str> = fields["fields"].as_array().unwrap().iter().map(|field| field["api_name"].as_str().unwrap()).collect();
    assert!(names.contains(&"Company") && !names.contains(&"Date_of_Birth"), "{names:?}");
}
