use super::*;
use crate::ports::sign_in::{Expected, Redirect};

fn grant() -> CodeGrant {
    CodeGrant {
        label: "a test",
        authorize_url: "https://acme.example/authorize".into(),
        token_url: "https://acme.example/token".into(),
        scope: "read write".into(),
        has_pkce: true,
        authorize_parameters: vec![("access_type", "offline".into())],
        token_parameters: vec![("expires_in", 300.into())],
        client: ClientProof::Body,
        secret_is_optional: true,
        body: TokenBody::Form,
        redirect: Redirect { host: "127.0.0.1", port: None },
        yields: &["refresh_token"],
        code_s: 120,
        expected: vec![Expected { parameter: "location", value: "eu".into(), hint: "set `data_centre`".into() }],
        client_help: "make one",
    }
}

/// The verifier of RFC 7636, appendix B.
fn attempt() -> Attempt {
    Attempt {
        state: Secret::new("a state"),
        verifier: Some(Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
        redirect_uri: "http://127.0.0.1:5/signed-in".into(),
    }
}

fn client(pairs: &[(&str, &str)]) -> Bundle {
    Bundle(pairs.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect())
}

fn body(call: &Call) -> &str {
    std::str::from_utf8(call.request.body()).unwrap()
}

#[test]
fn the_browser_is_sent_with_the_hash_of_the_proof_key_never_with_the_key() {
    assert_eq!(
        attempt().address(&grant(), "our app"),
        "https://acme.example/authorize?response_type=code&client_id=our%20app&redirect_uri=http%3A%2F%2F127.0.0.1%3A5%2Fsigned-in\
         &scope=read%20write&state=a%20state&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
         &access_type=offline"
    );
    let plain = CodeGrant { has_pkce: false, ..grant() };
    let attempt = Attempt { verifier: None, ..attempt() };
    assert!(!attempt.address(&plain, "app").contains("code_challenge"));
}

#[test]
fn each_attempt_has_a_state_and_a_key_of_its_own() {
    struct Count(std::sync::atomic::AtomicU64);
    impl Dice for Count {
        fn roll(&self) -> u64 {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
        }
    }
    let dice = Count(std::sync::atomic::AtomicU64::default());
    let (one, other) = (Attempt::new(&grant(), String::new(), &dice), Attempt::new(&grant(), String::new(), &dice));
    let all = [&one.state, one.verifier.as_ref().unwrap(), &other.state, other.verifier.as_ref().unwrap()];
    let different: std::collections::BTreeSet<&str> = all.iter().map(|secret| secret.expose()).collect();
    assert_eq!(different.len(), 4);
    // RFC 7636 §4.1: 43 to 128 unreserved characters.
    assert!(different.iter().all(|text| text.len() == 43 && text.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign))));
    assert!(!format!("{one:?}").contains(one.state.expose()));
}

#[test]
fn only_the_redirect_of_this_attempt_gives_a_code() {
    let read = |query: &str| attempt().read(&grant(), query);
    assert_eq!(read("code=a%2Bb+c&state=a+state").unwrap().expose(), "a+b c");
    assert_eq!(read("?location=EU&code=x&state=a%20state").unwrap().expose(), "x");
    for foreign in ["code=x", "code=x&state=", "code=x&state=a+stat", "code=x&state=another", "error=access_denied", ""] {
        assert_eq!(read(foreign), Err(NotSignedIn::Foreign), "{foreign}");
    }
    assert_eq!(read("error=access_denied&state=a+state"), Err(NotSignedIn::Denied));
    assert_eq!(read("state=a+state"), Err(NotSignedIn::Empty));
    assert_eq!(read("code=x&location=us&state=a+state"), Err(NotSignedIn::Elsewhere { hint: "set `data_centre`".into() }));
    let refused = read("error=invalid_scope&error_description=no%1b%5b2Jsuch+scope&state=a+state").unwrap_err();
    assert_eq!(refused, NotSignedIn::Refused { code: "invalid_scope".into(), words: "no[2Jsuch scope".into() });
}

#[test]
fn a_code_is_exchanged_as_the_vendor_wants_it() {
    let code = Secret::new("c/d");
    let public = request(&grant(), &attempt(), &client(&[("client_id", " app ")]), &code).unwrap();
    assert_eq!(
        body(&public),
        "grant_type=authorization_code&code=c%2Fd&redirect_uri=http%3A%2F%2F127.0.0.1%3A5%2Fsigned-in\
         &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&client_id=app&expires_in=300"
    );
    let both = client(&[("client_id", "app"), ("client_secret", "s:1")]);
    let basic = request(&CodeGrant { client: ClientProof::Basic, ..grant() }, &attempt(), &both, &code).unwrap();
    // `app:s%3A1`
    assert_eq!(basic.request.headers()["authorization"], "Basic YXBwOnMlM0Ex");
    assert!(!body(&basic).contains("client_"));
    let json = request(&CodeGrant { body: TokenBody::Json, ..grant() }, &attempt(), &both, &code).unwrap();
    let sent: Json = serde_json::from_str(body(&json)).unwrap();
    assert_eq!((&sent["expires_in"], &sent["client_secret"]), (&Json::from(300), &Json::from("s:1")));
}

#[test]
fn what_the_client_lacks_is_named() {
    let code = Secret::new("c");
    let confidential = CodeGrant { secret_is_optional: false, ..grant() };
    for (grant, client, lacks) in
        [(&grant(), client(&[("client_secret", "x")]), "`client_id`"), (&confidential, client(&[("client_id", "x")]), "`client_secret`")]
    {
        let Err(Fault::AuthRefused { hint }) = request(grant, &attempt(), &client, &code) else { panic!("{lacks}") };
        assert!(hint.contains(lacks), "{hint}");
    }
}
