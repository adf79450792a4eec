//! Who may see a panel.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_panel::{PanelToken, Signer};

use crate::desk::{DOMAIN, Desk, PANEL_KEY};

#[tokio::test]
async fn fs_18_a_token_is_given_for_the_key_and_the_account_only() {
    let desk = Desk::new();
    let wish = json!({"requester_id": 43, "ticket_id": 7, "domain": DOMAIN});
    let minted = desk.mint(PANEL_KEY, &wish).await;
    assert_eq!(minted.status, 200, "{}", minted.text);
    let answer = minted.json();
    assert_eq!(answer["expires"], (desk.now() + SignedDuration::from_mins(10)).to_string());
    assert_eq!(answer["url"], format!("https://panel.example/panel?token={}", answer["token"].as_str().unwrap()));
    assert_eq!(minted.header("cache-control"), "no-store");

    let other_account = json!({"requester_id": 43, "domain": "other.freshdesk.com"});
    for (key, wish) in [("wrong-key-of-some-length", &wish), ("", &wish), (PANEL_KEY, &other_account)] {
        let refused = desk.mint(key, wish).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
        assert!(refused.json().get("token").is_none());
    }
    for bad in [json!({"domain": DOMAIN}), json!({"requester_id": "../1", "domain": DOMAIN}), json!([]), Json::Null] {
        assert_eq!(desk.mint(PANEL_KEY, &bad).await.status, 400, "{bad}");
    }
    let unknown = desk.mint(PANEL_KEY, &json!({"requester_id": 43, "domain": DOMAIN, "sync": "no-such"})).await;
    assert_eq!(unknown.status, 401);
}

#[tokio::test]
async fn fs_18_during_a_rotation_both_keys_work_and_a_short_one_never() {
    let desk = Desk::new();
    let wish = json!({"requester_id": "43", "domain": format!("https://{DOMAIN}/")});
    desk.set_secret("panel_key", "the-next-panel-secret");
    desk.set_secret("panel_key_previous", PANEL_KEY);
    assert_eq!(desk.mint(PANEL_KEY, &wish).await.status, 200);
    assert_eq!(desk.mint("the-next-panel-secret", &wish).await.status, 200);
    desk.set_secret("panel_key_previous", "short");
    assert_eq!(desk.mint("short", &wish).await.status, 401);
    assert_eq!(desk.mint(PANEL_KEY, &wish).await.status, 401);
}

#[tokio::test]
async fn fs_18_a_token_expires() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let token = desk.token(requester).await;
    desk.advance(SignedDuration::from_secs(599));
    assert_eq!(desk.get(&format!("/panel?token={token}")).await.status, 200);
    desk.advance(SignedDuration::from_secs(1));
    let page = desk.get(&format!("/panel?token={token}")).await;
    assert_eq!(page.status, 401);
    assert!(page.text.contains("has expired. Open the ticket again."), "{}", page.text);
    assert_eq!(desk.get(&format!("/panel?token={token}&format=json")).await.json()["state"], "token_expired");
}

#[tokio::test]
async fn fs_18_forged_tokens_show_nothing() {
    let desk = Desk::new();
    let ida = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let eve = desk.requester(&json!({"name": "Eve", "email": "eve@evil.example"}));
    let token = desk.token(eve).await;
    let (content, signature) = token.split_once('.').unwrap();
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(content).unwrap()).unwrap();
    assert!(plain.contains(&eve.to_string()));
    let swapped = URL_SAFE_NO_PAD.encode(plain.replace(&eve.to_string(), &ida.to_string()));
    let stranger = Signer::new(&[8; 32]).mint(&"customers".into(), &ida.to_string().into(), desk.now()).0;
    let forged = [
        format!("{swapped}.{signature}"),
        format!("{content}.{}", &signature[..signature.len() - 2]),
        format!("{content}."),
        content.to_owned(),
        String::new(),
        stranger,
        "x".repeat(5_000),
    ];
    for token in forged {
        let seen = desk.get(&format!("/panel?token={token}")).await;
        assert_eq!(seen.status, 401, "{token}");
        assert!(seen.text.contains("This link is not valid"), "{}", seen.text);
    }
    assert_eq!(desk.get("/panel").await.status, 401);
    assert!(desk.crm_calls().is_empty(), "nobody is asked on behalf of a stranger");
}

#[tokio::test]
async fn fs_18_a_token_is_for_its_requester_and_sync_alone() {
    let desk = Desk::new();
    let ida = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let eve = desk.requester(&json!({"name": "Eve", "email": "eve@evil.example"}));
    let token = desk.token(eve).await;
    assert_eq!(desk.get(&format!("/panel?token={token}&requester_id={eve}")).await.status, 200);
    let other = desk.get(&format!("/panel?token={token}&requester_id={ida}")).await;
    assert_eq!(other.status, 401);
    assert!(other.text.contains("another requester"), "{}", other.text);

    let now = desk.now();
    let signer = &desk.panel.signer;
    let elsewhere = signer.mint(&"another-sync".into(), &eve.to_string().into(), now).0;
    assert_eq!(desk.get(&format!("/panel?token={elsewhere}")).await.status, 503, "a sync without a panel");
    let lasting = PanelToken { sync: "customers".into(), requester: eve.to_string().into(), expires: now + SignedDuration::from_hours(1) };
    assert_eq!(desk.get(&format!("/panel?token={}", signer.sign(&lasting))).await.status, 401, "no token lasts an hour");
}

#[tokio::test]
async fn fs_18_the_page_may_be_framed_by_the_helpdesk_and_fetches_nothing() {
    let mut desk = Desk::new();
    assert_eq!(desk.panel.allow_frames("https://apps.example http://plain.example https://a;b"), ["http://plain.example", "https://a;b"]);
    let requester = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let page = desk.page(requester).await;
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.ends_with("frame-ancestors https://*.freshdesk.com https://apps.example"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "private, max-age=60");
    for outside in ["<script", "<link", "@import", "url(", "src="] {
        assert!(!page.text.contains(outside), "{outside}");
    }
    // The policy allows the style that stands in the page, and no other.
    let style = page.text.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = base64::engine::general_purpose::STANDARD.encode(<sha2::Sha256 as sha2::Digest>::digest(style));
    assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
}

#[tokio::test]
async fn fs_18_json_is_given_to_who_asks_for_it() {
    let desk = Desk::new();
    let requester = desk.requester(&json!({"name": "Ida", "email": "ida@nordwerk.example"}));
    let path = format!("/panel?token={}", desk.token(requester).await);
    let asked = desk.send(Method::GET, &path, &[("accept", "application/json")], &Json::Null).await;
    assert_eq!(asked.json(), desk.json(requester).await);
    assert!(asked.header("content-type").starts_with("application/json"));
    assert!(desk.get(&path).await.text.starts_with("<!doctype html>"));
}

#[tokio::test]
async fn fs_18_other_paths_and_methods_are_refused() {
    let desk = Desk::new();
    for (method, path, status) in
        [(Method::GET, "/panel/token", 405), (Method::POST, "/panel", 405), (Method::GET, "/", 404), (Method::GET, "/panels", 404)]
    {
        assert_eq!(desk.send(method.clone(), path, &[], &Json::Null).await.status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn fs_18_a_panel_behind_a_prefix_gives_links_with_it() {
    let desk = Desk::new();
    let wish = json!({"requester_id": 43, "domain": DOMAIN});
    let minted = desk.send(Method::POST, "/live/panel/token", &[("x-syncline-key", PANEL_KEY)], &wish).await;
    assert!(minted.json()["url"].as_str().unwrap().starts_with("https://panel.example/live/panel?token="), "{}", minted.text);
}
