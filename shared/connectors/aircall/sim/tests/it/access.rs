//! Keys, applications, and the limit that all share.

use serde_json::{Value as Json, json};
use syncline_aircall_sim::{API_ID, API_TOKEN, CLIENT_ID, CLIENT_SECRET, Profile};
use syncline_simulator::{Strain, Users};

use crate::desk::{Desk, basic};

fn small() -> Profile {
    Profile { calls_per_minute: 3, ..Profile::default() }
}

#[test]
fn only_a_known_key_is_let_in() {
    for status in [401, 403] {
        let mut desk = Desk::new(Profile { refused_status: status, ..Profile::default() });
        for wrong in [basic(API_ID, "wrong"), basic("wrong", API_TOKEN), "Bearer nothing".to_owned(), "nonsense".to_owned()] {
            desk.authorization = wrong;
            assert_eq!(desk.ask("GET", "/v1/ping", &Json::Null).0, status);
        }
        desk.authorization = basic(API_ID, API_TOKEN);
        assert_eq!(desk.get("/v1/ping"), json!({"ping": "pong"}));
        assert!(desk.aircall.revoke_key(API_ID));
        assert_eq!(desk.ask("GET", "/v1/ping", &Json::Null).0, status);
    }
}

#[test]
fn an_installed_application_has_a_token_until_it_is_removed() {
    let mut desk = Desk::new(Profile::default());
    let code = desk.aircall.install(desk.now);
    let form = |code: &str, secret: &str| json!({"grant_type": "authorization_code", "client_id": CLIENT_ID, "client_secret": secret, "code": code, "redirect_uri": "https://x.example"});
    assert_eq!(desk.ask("POST", "/v1/oauth/token", &form(&code, "wrong")).0, 403);
    let (status, token) = desk.ask("POST", "/v1/oauth/token", &form(&code, CLIENT_SECRET));
    assert_eq!((status, token["token_type"].as_str()), (200, Some("Bearer")));
    assert_eq!(desk.ask("POST", "/v1/oauth/token", &form(&code, CLIENT_SECRET)).0, 400, "a code is good once");
    let token = token["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.ask("GET", "/v1/integrations/me", &Json::Null).0, 403, "a key has no installation");
    desk.authorization = format!("Bearer {token}");
    assert_eq!(desk.get("/v1/integrations/me")["integration"]["active"], json!(true));
    let (id, _) = desk.hook(&["integration.deleted", "user.opened.v2"]);
    assert!(desk.aircall.uninstall(desk.now, &token));
    assert_eq!(desk.events(), ["integration.deleted"]);
    assert_eq!(desk.ask("GET", "/v1/company", &Json::Null).0, 403);
    desk.authorization = basic(API_ID, API_TOKEN);
    assert_eq!(desk.ask("GET", &format!("/v1/webhooks/{id}"), &Json::Null).0, 404);
}

#[test]
fn all_keys_share_one_limit_and_the_headers_tell_it() {
    let mut desk = Desk::new(small());
    desk.aircall.add_key("other", "key");
    let header = |desk: &mut Desk, name: &str| desk.raw("GET", "/v1/ping", &Json::Null).headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header(&mut desk, "x-aircallapi-remaining"), "2");
    desk.authorization = basic("other", "key");
    assert_eq!(header(&mut desk, "x-aircallapi-limit"), "3");
    desk.authorization = "Bearer nothing".to_owned();
    assert_eq!(desk.ask("GET", "/v1/ping", &Json::Null).0, 403, "what is refused counts too");
    desk.authorization = basic(API_ID, API_TOKEN);
    let refused = desk.raw("GET", "/v1/ping", &Json::Null);
    assert_eq!(refused.status(), 429);
    let reset: i64 = refused.headers()["x-aircallapi-reset"].to_str().unwrap().parse().unwrap();
    desk.pass(reset - desk.now.as_second());
    assert_eq!(desk.ask("GET", "/v1/ping", &Json::Null).0, 200);
}

#[test]
fn an_account_can_be_strained() {
    let mut desk = Desk::new(Profile::default());
    assert!(!desk.aircall.strain(desk.now, Strain::SessionsEnd));
    assert!(desk.aircall.strain(desk.now, Strain::LimitSpent));
    assert_eq!(desk.ask("GET", "/v1/ping", &Json::Null).0, 429);
    desk.pass(60);
    assert!(desk.aircall.strain(desk.now, Strain::PlanDowngraded));
    assert_eq!(desk.raw("GET", "/v1/ping", &Json::Null).headers()["x-aircallapi-limit"], "60");
}
