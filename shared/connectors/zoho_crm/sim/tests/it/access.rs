//! Who may ask, how often, and where.

use bytes::Bytes;
use serde_json::{Value as Json, json};
use syncline_simulator::{Simulator, Strain, Users};
use syncline_zoho_crm_sim::{CLIENT_ID, CLIENT_SECRET, Profile, REFRESH_TOKEN};

use crate::desk::Desk;

#[test]
fn ten_tokens_in_ten_minutes_and_no_more() {
    let mut desk = Desk::new(Profile::default());
    for _ in 1..10 {
        desk.sign_in();
    }
    let (status, body) = desk.refresh();
    assert_eq!((status, body["error"].as_str()), (400, Some("Access Denied")));
    desk.pass(600);
    let (status, body) = desk.refresh();
    assert_eq!((status, body["expires_in"].as_i64(), body.get("refresh_token")), (200, Some(3600), None));
}

#[test]
fn a_token_lives_an_hour_and_says_until_when() {
    let mut desk = Desk::new(Profile::default());
    let answer = desk.raw("GET", "/crm/v8/org", &Json::Null);
    assert_eq!(answer.headers()["x-accesstoken-reset"], "2026-11-22T14:00:00+03:00");
    desk.pass(3600);
    let (status, body) = desk.get("/crm/v8/org");
    assert_eq!((status, body["code"].as_str()), (401, Some("INVALID_TOKEN")));
}

#[test]
fn refused_sign_ins_come_with_200() {
    let mut desk = Desk::new(Profile::default());
    let refused = |desk: &mut Desk, client: &str, secret: &str, token: &str| {
        let form = format!("grant_type=refresh_token&client_id={client}&client_secret={secret}&refresh_token={token}");
        let (status, body) = desk.token_call(&form);
        assert_eq!(status, 200);
        body["error"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(refused(&mut desk, "x", CLIENT_SECRET, REFRESH_TOKEN), "invalid_client");
    assert_eq!(refused(&mut desk, CLIENT_ID, "x", REFRESH_TOKEN), "invalid_client_secret");
    assert_eq!(refused(&mut desk, CLIENT_ID, CLIENT_SECRET, "x"), "invalid_code");
}

#[test]
fn a_code_gives_a_refresh_token_once() {
    let mut desk = Desk::new(Profile::default());
    let code = desk.zoho.authorize(desk.now);
    let form = format!("grant_type=authorization_code&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}&code={code}");
    let (_, body) = desk.token_call(&form);
    let refresh = body["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.token_call(&form).1["error"], json!("invalid_code"));
    assert!(desk.zoho.revoke(&refresh));
    desk.token = body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.get("/crm/v8/org").0, 401);
}

#[test]
fn a_token_of_another_data_centre_is_no_token() {
    let mut desk = Desk::new(Profile::default());
    let mut at = |host: &str| {
        let request = http::Request::get(format!("https://{host}/crm/v8/org"))
            .header("authorization", format!("Zoho-oauthtoken {}", desk.token))
            .body(Bytes::new())
            .unwrap();
        desk.zoho.handle(desk.now, &request).status().as_u16()
    };
    assert_eq!((at("www.zohoapis.com"), at("www.zohoapis.eu"), at("127.0.0.1")), (200, 401, 200));
}

#[test]
fn credits_and_gates_refuse_with_one_code() {
    let mut desk = Desk::new(Profile { credits: 12, ..Profile::default() });
    let rows: Vec<Json> = (0..100).map(|number| json!({"Last_Name": format!("N{number}")})).collect();
    // A hundred rows are ten credits.
    assert_eq!(desk.ask("POST", "/crm/v8/Contacts", &json!({"data": rows})).0, 201);
    assert_eq!(desk.zoho.credits_used(desk.now), 10);
    let said = |answer: (u16, Json)| (answer.0, answer.1["code"].clone(), answer.1["message"].as_str().unwrap_or_default().to_owned());
    let (status, code, words) = said(desk.get("/crm/v8/Contacts/search?email=a@b.example"));
    assert_eq!((status, code), (429, json!("TOO_MANY_REQUESTS")));
    assert!(words.contains("24 hours"), "{words}");
    desk.pass(86_400);
    desk.token = desk.sign_in();
    desk.zoho.occupy(10, true, desk.now + jiff::SignedDuration::from_secs(5));
    let sorted = "/crm/v8/Contacts?fields=Last_Name&sort_by=Modified_Time";
    assert!(said(desk.get(sorted)).2.contains("sub-concurrency"));
    assert_eq!(desk.get("/crm/v8/Contacts?fields=Last_Name").0, 200);
    desk.pass(5);
    assert_eq!(desk.get(sorted).0, 200);
    assert!(desk.zoho.strain(desk.now, Strain::LimitSpent));
    assert_eq!(desk.get(sorted).0, 429);
}

#[test]
fn a_missing_scope_is_told() {
    let mut desk = Desk::new(Profile::default());
    desk.zoho.withhold_scope("coql");
    let (status, body) = desk.ask("POST", "/crm/v8/coql", &json!({"select_query": "select id from Leads where id is not null"}));
    assert_eq!((status, body["code"].as_str()), (401, Some("OAUTH_SCOPE_MISMATCH")));
    assert_eq!(desk.get("/crm/v8/nowhere").1["code"], json!("INVALID_MODULE"));
    assert_eq!(desk.get("/nowhere").0, 404);
}
