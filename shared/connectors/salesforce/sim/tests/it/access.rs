//! (a) tokens, (l) the quota, (m) hidden fields.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use syncline_salesforce_sim::{Profile, TEST_KEY_PEM, TEST_PUBLIC_KEY_PEM};

use crate::desk::{Answer, Desk, START, profile};

fn token(desk: &mut Desk, form: &str) -> Answer {
    desk.send("POST", "/services/oauth2/token", form.to_owned())
}

fn adopt(desk: &mut Desk, answer: &Answer) {
    answer.body["access_token"].as_str().unwrap().clone_into(&mut desk.token);
}

const CLIENT: &str = "grant_type=client_credentials&client_id=simulator-client&client_secret=simulator-secret";
const REFRESH: &str = "grant_type=refresh_token&client_id=simulator-client&refresh_token=";

fn assertion(claims: &Json) -> String {
    let der: String = TEST_KEY_PEM.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "RS256" })), part(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn by_assertion(desk: &mut Desk, claims: &Json) -> Answer {
    let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={}", assertion(claims));
    token(desk, &form)
}

#[test]
fn a_three_flows_mint_sessions_and_none_tells_when_they_end() {
    let mut desk = Desk::new(Profile::default());
    assert!(desk.org.add_jwt_key(TEST_PUBLIC_KEY_PEM.as_bytes()));
    let claims = json!({ "iss": "simulator-client", "sub": "integration@simulator.example", "aud": "https://login.salesforce.com", "exp": START + 180 });
    let refresh = format!("{REFRESH}simulator-refresh");
    for answer in [token(&mut desk, CLIENT), token(&mut desk, &refresh), by_assertion(&mut desk, &claims)] {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.body.get("expires_in"), None);
        assert_eq!(answer.body["instance_url"], "https://simulator.my.salesforce.com");
        assert!(answer.body["access_token"].as_str().unwrap().starts_with("00D"));
        adopt(&mut desk, &answer);
        let me = desk.send("GET", "/services/oauth2/userinfo", "");
        assert_eq!(me.body["organization_id"], desk.org.organization_id());
        assert_eq!(desk.get("limits").status, 200);
    }
}

#[test]
fn a_sessions_end_early_by_age_by_force_and_by_revocation() {
    let mut desk = Desk::new(profile(|profile| profile.session_s = 900));
    for end in 0..3 {
        let minted = token(&mut desk, CLIENT);
        adopt(&mut desk, &minted);
        assert_eq!(desk.get("limits").status, 200);
        match end {
            0 => desk.now += 900,
            1 => desk.org.expire_sessions(),
            _ => desk.org.revoke(&desk.token.clone()),
        }
        let refused = desk.get("limits");
        assert_eq!((refused.status, refused.code()), (401, "INVALID_SESSION_ID"));
    }
}

#[test]
fn a_wrong_assertions_are_refused_with_the_reason() {
    let mut desk = Desk::new(Profile::default());
    let good = json!({ "iss": "simulator-client", "sub": "integration@simulator.example", "aud": "https://login.salesforce.com", "exp": START + 180 });
    let forged = assertion(&json!({})).rsplit_once('.').map(|(_, signature)| signature.to_owned()).unwrap();
    let signed = assertion(&good).rsplit_once('.').map(|(signed, _)| signed.to_owned()).unwrap();
    let answer = token(&mut desk, &format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={signed}.{forged}"));
    assert_eq!(answer.body["error_description"], "invalid assertion");
    for (claim, value, said) in [
        ("aud", json!("https://elsewhere.example"), "audience is invalid"),
        ("sub", json!("stranger@simulator.example"), "user hasn't approved this consumer"),
        ("exp", json!(START - 1), "token validity expired"),
        ("exp", json!(START + 86_400), "token validity expired"),
        ("iss", json!("stranger"), "client identifier invalid"),
    ] {
        let mut claims = good.clone();
        claims[claim] = value;
        let answer = by_assertion(&mut desk, &claims);
        assert_eq!((answer.status, answer.body["error_description"].as_str()), (400, Some(said)));
    }
}

#[test]
fn a_a_rotated_refresh_token_used_again_kills_the_chain() {
    let mut desk = Desk::new(profile(|profile| profile.rotates_refresh_tokens = true));
    let first = token(&mut desk, &format!("{REFRESH}simulator-refresh"));
    adopt(&mut desk, &first);
    let second = first.body["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.get("limits").status, 200);
    assert_eq!(token(&mut desk, &format!("{REFRESH}simulator-refresh")).body["error_description"], "expired access/refresh token");
    assert_eq!(desk.get("limits").status, 401);
    assert_eq!(token(&mut desk, &format!("{REFRESH}{second}")).status, 400);
}

#[test]
fn a_basic_credentials_and_wrong_secrets() {
    let mut desk = Desk::new(Profile::default());
    let wrong = token(&mut desk, "grant_type=client_credentials&client_id=simulator-client&client_secret=x");
    assert_eq!((wrong.status, wrong.body["error"].as_str()), (400, Some("invalid_client")));
    desk.org.revoke("simulator-client");
    assert_eq!(token(&mut desk, CLIENT).body["error"], "invalid_client_id");
}

#[test]
fn l_the_quota_ends_in_403_and_moves_with_the_day() {
    let mut desk = Desk::new(profile(|profile| profile.daily_calls = 10));
    desk.org.set_quota_used(8);
    assert_eq!(desk.get("limits").header("sforce-limit-info"), Some("api-usage=9/10"));
    assert_eq!(desk.get("limits").body["DailyApiRequests"]["Remaining"], 0);
    let refused = desk.get("limits");
    assert_eq!((refused.status, refused.code()), (403, "REQUEST_LIMIT_EXCEEDED"));
    assert_eq!(refused.body[0]["message"], "TotalRequests Limit exceeded.");
    assert_eq!(refused.header("retry-after"), None);
    desk.now += 24 * 3600 + 60;
    assert_eq!(desk.get("limits").status, 200);
}

#[test]
fn l_the_usage_header_is_missing_on_204_and_the_date_is_always_there() {
    let mut desk = Desk::with_people(1);
    let id = desk.org.ids("Contact").remove(0);
    let patched = desk.call("PATCH", &format!("sobjects/Contact/{id}"), &json!({ "Title": "Boss" }));
    assert_eq!((patched.status, patched.text.as_str(), patched.header("sforce-limit-info")), (204, "", None));
    assert_eq!(patched.header("date"), Some("Fri, 20 Nov 2026 10:40:00 GMT"));
}

#[test]
fn m_hidden_fields_are_missing_from_describe_and_refused_by_name() {
    let mut desk = Desk::new(profile(|profile| profile.hidden_fields = vec!["Contact.Title".into()])).filled(1);
    let id = desk.org.ids("Contact").remove(0);
    let names = |desk: &mut Desk| desk.get("sobjects/Contact/describe").body["fields"].to_string();
    assert!(!names(&mut desk).contains("\"Title\""));
    assert_eq!(desk.query("SELECT Id, Title FROM Contact").code(), "INVALID_FIELD");
    assert_eq!(desk.get(&format!("sobjects/Contact/{id}")).body.get("Title"), None);
    let write = desk.call("PATCH", &format!("sobjects/Contact/{id}"), &json!({ "Title": "x" }));
    assert_eq!(write.body[0]["message"], "No such column 'Title' on sobject of type Contact");
    desk.token = "human-session".into();
    assert!(names(&mut desk).contains("\"Title\""));
    assert_eq!(desk.query("SELECT Id, Title FROM Contact").status, 200);
}

#[test]
fn the_session_decides_who_modified() {
    let mut desk = Desk::with_people(1);
    let id = desk.org.ids("Contact").remove(0);
    let path = format!("sobjects/Contact/{id}");
    let modified_by = |desk: &mut Desk| desk.get(&path).body["LastModifiedById"].as_str().unwrap().to_owned();
    let human = modified_by(&mut desk);
    desk.call("PATCH", &path, &json!({ "Title": "a" }));
    let integration = modified_by(&mut desk);
    assert_ne!(human, integration);
    desk.token = "human-session".into();
    desk.call("PATCH", &path, &json!({ "Title": "b" }));
    assert_eq!(modified_by(&mut desk), human);
}
