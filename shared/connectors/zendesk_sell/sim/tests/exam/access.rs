//! Who may call, how often, and what every request must carry.

use http::Method;
use serde_json::json;
use syncline_simulator::{Request, Strain, Users as _};
use syncline_zendesk_sell_sim::{ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, Limits, REFRESH_TOKEN};

use crate::harness::{Answer, Client};

fn token_call(client: &mut Client, form: &str, basic: bool) -> Answer {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    let mut request = http::Request::post("/oauth2/token").header("user-agent", "exam");
    request = request.header("content-type", "application/x-www-form-urlencoded");
    if basic {
        request = request.header("authorization", format!("Basic {encoded}"));
    }
    let request: Request = request.body(form.to_owned().into()).unwrap();
    client.send(&request)
}

#[test]
fn a_request_names_its_program_and_takes_json() {
    let mut client = Client::new();
    let mut nameless = client.request(&Method::GET, "v2/users/self", None);
    nameless.headers_mut().remove("user-agent");
    assert_eq!(client.send(&nameless).refusal(), (400, "invalid_user_agent", ""));
    let mut picky = client.request(&Method::GET, "v2/users/self", None);
    picky.headers_mut().insert("accept", "application/xml".parse().unwrap());
    assert_eq!(client.send(&picky).status, 406);
    assert_eq!(client.get("v2/users/self?unknown=param").refusal(), (400, "invalid_param", ""));
    assert_eq!(client.get("v2/nothing").refusal(), (404, "incorrect_path", ""));
    let answer = client.get("v2/users/self");
    assert_eq!(answer.body["data"]["email"], json!("owner@acme.example"));
    assert!(answer.headers.contains_key("x-request-id"));
}

#[test]
fn a_wrong_token_is_refused_with_the_id_of_the_request() {
    let mut client = Client::new();
    "nobody".clone_into(&mut client.token);
    let refused = client.get("v2/users/self");
    assert_eq!(refused.refusal(), (401, "unauthorized", ""));
    assert_eq!(refused.body["meta"]["logref"].as_str().unwrap(), refused.headers["x-request-id"].to_str().unwrap());
    assert!(client.sell.revoke_token(ACCESS_TOKEN));
    ACCESS_TOKEN.clone_into(&mut client.token);
    assert_eq!(client.get("v2/users/self").status, 401);
}

#[test]
fn refreshing_takes_the_clients_password_and_gives_a_new_refresh_token() {
    let mut client = Client::new();
    let form = format!("grant_type=refresh_token&refresh_token={REFRESH_TOKEN}");
    assert_eq!(token_call(&mut client, &form, false).status, 401);
    let tokens = token_call(&mut client, &form, true);
    assert_eq!((tokens.status, &tokens.body["expires_in"]), (200, &json!(3600)));
    let next = tokens.body["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(next, REFRESH_TOKEN);
    assert_eq!(token_call(&mut client, &form, true).body["error"], json!("invalid_grant"));
    tokens.body["access_token"].as_str().unwrap().clone_into(&mut client.token);
    assert_eq!(client.get("v2/users/self").status, 200);
    client.pass(3_600);
    assert_eq!(client.get("v2/users/self").status, 401);
    let again = token_call(&mut client, &format!("grant_type=refresh_token&refresh_token={next}"), true);
    again.body["access_token"].as_str().unwrap().clone_into(&mut client.token);
    assert_eq!(client.get("v2/users/self").status, 200);
    assert!(client.sell.strain(client.now, Strain::SessionsEnd));
    assert_eq!(client.get("v2/users/self").status, 401);
}

#[test]
fn consent_gives_the_scopes_that_were_asked_for() {
    let mut client = Client::new();
    let path = format!(
        "oauth2/authorize?decision=allow&response_type=code&client_id={CLIENT_ID}&redirect_uri=https%3A%2F%2Fa.example%2Fback&scope=read&state=s1"
    );
    let consent = client.get(&path);
    let location = consent.headers["location"].to_str().unwrap().to_owned();
    let code = location.split_once("code=").unwrap().1.split('&').next().unwrap();
    let tokens = token_call(&mut client, &format!("grant_type=authorization_code&code={code}"), true);
    assert_eq!(tokens.body["scope"], json!("read"));
    tokens.body["access_token"].as_str().unwrap().clone_into(&mut client.token);
    assert_eq!(client.get("v2/contacts").status, 200);
    assert_eq!(client.get("v2/users/self").refusal(), (403, "insufficient_scope", ""));
    assert_eq!(client.post("v2/contacts", json!({"last_name": "Example"})).refusal(), (403, "insufficient_scope", ""));
    assert_eq!(client.post("v2/sync/start", json!({})).refusal(), (403, "insufficient_scope", ""));
}

#[test]
fn ten_calls_a_second_and_no_header_says_so() {
    let mut client = Client::with(|profile| profile.limits = Limits::DOCUMENTED);
    let statuses: Vec<u16> = (0..12).map(|_| client.get("v2/users/self").status).collect();
    assert_eq!(statuses, [[200; 10].as_slice(), [429; 2].as_slice()].concat());
    let refused = [client.get("v2/users/self"), client.get("v2/users/self")];
    assert!(
        refused.iter().any(|answer| answer.text.is_empty()) && refused.iter().any(|answer| answer.refusal().1 == "rate_limit_exceeded")
    );
    assert!(refused.iter().all(|answer| !answer.headers.contains_key("retry-after")));
    client.pass(1);
    assert_eq!(client.get("v2/users/self").status, 200);
}
