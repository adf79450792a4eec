//! The three flows, rotation, and what a 401 does.

use aws_lc_rs::encoding::AsDer;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use syncline_engine::ports::http::NoAnswer;
use syncline_model::{Fault, Secret};

use super::{Next, TOKEN, World, bundle, by, contact_id, contacts, ok};

const EXPIRED: &str = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;

async fn read(world: &std::sync::Arc<World>, settings: &[(&str, &str)]) -> Result<usize, Fault> {
    let found = world.connect(settings).get(&contacts(&["Email"]), &[contact_id(1).as_str().into()], by()).await;
    found.map(|found| found.iter().flatten().count()).map_err(|error| error.fault)
}

fn one() -> Next {
    ok(&format!("[{}]", super::row(1, "10:00:00", r#","Email":"a@b.example""#)))
}

fn form(world: &World) -> String {
    let seen = world.seen.lock().unwrap();
    let token = seen.iter().find(|request| super::is_token(request)).unwrap();
    format!("{} {}", token.uri(), String::from_utf8(token.body().to_vec()).unwrap())
}

#[tokio::test]
async fn the_jwt_is_signed_for_the_user_and_the_audience() {
    let key = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = key.as_der().unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n", STANDARD.encode(&*der));
    let world = World::answering([one()]);
    *world.bundle.lock().unwrap() = Some(bundle(&[("client_id", "consumer"), ("username", "sync@acme.example"), ("private_key", &pem)]));
    assert_eq!(read(&world, &[("auth", "jwt")]).await, Ok(1));
    let form = form(&world);
    assert!(
        form.starts_with(
            "https://login.salesforce.com/services/oauth2/token grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
        ),
        "{form}"
    );
    let assertion = form.split_once("assertion=").unwrap().1;
    let parts: Vec<&str> = assertion.split('.').collect();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert_eq!(claims, r#"{"iss":"consumer","sub":"sync@acme.example","aud":"https://login.salesforce.com","exp":1795341720}"#);
    let public = aws_lc_rs::signature::UnparsedPublicKey::new(
        &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
        aws_lc_rs::signature::KeyPair::public_key(&key).as_ref(),
    );
    public.verify(format!("{}.{}", parts[0], parts[1]).as_bytes(), &URL_SAFE_NO_PAD.decode(parts[2]).unwrap()).unwrap();
}

#[tokio::test]
async fn client_credentials_go_to_the_organisations_own_host() {
    let world = World::answering([one()]);
    assert_eq!(read(&world, &[]).await, Ok(1));
    assert_eq!(
        form(&world),
        "https://acme.my.salesforce.com/services/oauth2/token grant_type=client_credentials&client_id=consumer&client_secret=hush"
    );
}

#[tokio::test]
async fn a_rotated_refresh_token_is_saved_before_the_access_token_is_used() {
    let world = World::answering([one()]);
    let rotated = TOKEN.replace("\"access_token\"", "\"refresh_token\":\"new\",\"access_token\"");
    world.tokens.lock().unwrap().push_back(ok(&rotated));
    assert_eq!(read(&world, &[("auth", "refresh_token")]).await, Ok(1));
    assert_eq!(*world.log.lock().unwrap(), ["token POST", "saved new", "metadata GET", "composite POST"]);
}

#[tokio::test]
async fn a_rotated_token_that_could_not_be_saved_is_saved_before_the_next_sign_in() {
    let world = World::answering([one()]);
    *world.save_fails.lock().unwrap() = 1;
    let rotated = TOKEN.replace("\"access_token\"", "\"refresh_token\":\"new\",\"access_token\"");
    world.tokens.lock().unwrap().push_back(ok(&rotated));
    let connector = world.connect(&[("auth", "refresh_token")]);
    let ids = [contact_id(1).as_str().into()];
    let first = connector.get(&contacts(&["Email"]), &ids, by()).await.unwrap_err();
    assert_eq!(first.fault.code(), "transient");
    assert_eq!(connector.get(&contacts(&["Email"]), &ids, by()).await.unwrap().len(), 1);
    assert_eq!(*world.log.lock().unwrap(), ["token POST", "saved new", "token POST", "metadata GET", "composite POST"]);
    assert!(String::from_utf8(world.seen.lock().unwrap()[1].body().to_vec()).unwrap().contains("refresh_token=new"));
}

#[tokio::test]
async fn a_401_is_answered_with_one_new_token() {
    let world = World::answering([Next::Answer(401, EXPIRED.into()), one()]);
    let second = TOKEN.replace("00Dx!one", "00Dx!two");
    world.tokens.lock().unwrap().extend([ok(TOKEN), ok(&second)]);
    assert_eq!(read(&world, &[]).await, Ok(1));
    let seen = world.seen.lock().unwrap();
    let used: Vec<&str> = seen.iter().filter_map(|request| request.headers().get("authorization")?.to_str().ok()).collect();
    assert_eq!(used, ["Bearer 00Dx!one", "Bearer 00Dx!one", "Bearer 00Dx!two"]);
}

#[tokio::test]
async fn a_second_401_stops_the_connection() {
    let world = World::answering([Next::Answer(401, EXPIRED.into()), Next::Answer(401, EXPIRED.into())]);
    assert_eq!(read(&world, &[]).await.unwrap_err().code(), "auth_refused");
    assert_eq!(world.log.lock().unwrap().iter().filter(|line| line.starts_with("token")).count(), 2);
}

#[tokio::test]
async fn credentials_that_somebody_has_rotated_are_found_when_the_old_ones_are_refused() {
    let world = World::answering([one()]);
    world.tokens.lock().unwrap().push_back(Next::Answer(401, r#"{"error":"invalid_client"}"#.into()));
    let mut newer = world.bundle.lock().unwrap().clone().unwrap();
    newer.0.insert("client_secret".to_owned(), Secret::new("rotated"));
    *world.rotated.lock().unwrap() = Some(newer);
    assert_eq!(read(&world, &[]).await, Ok(1));
    let seen = world.seen.lock().unwrap();
    let forms: Vec<String> = seen[..2].iter().map(|request| String::from_utf8(request.body().to_vec()).unwrap()).collect();
    assert!(forms[0].contains("client_secret=hush") && forms[1].contains("client_secret=rotated"));
}

#[tokio::test]
async fn a_permanent_401_fetches_no_token() {
    let words = r#"[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]"#;
    let world = World::answering([Next::Answer(401, words.into())]);
    assert_eq!(read(&world, &[]).await.unwrap_err().code(), "auth_refused");
    assert_eq!(world.log.lock().unwrap().iter().filter(|line| line.starts_with("token")).count(), 1);
}

#[tokio::test]
async fn another_organisation_is_refused() {
    let world = World::answering([]);
    let fault = read(&world, &[("organization_id", "00Dx0000000AAAA")]).await.unwrap_err();
    assert_eq!(fault.code(), "auth_refused");
    // Without a configured one, the first sign-in decides.
    let world = World::answering([Next::Answer(401, EXPIRED.into())]);
    world.tokens.lock().unwrap().extend([ok(TOKEN), ok(&TOKEN.replace("00Dx0000000BV7zEAG", "00Dx0000000AAAAEA4"))]);
    assert_eq!(read(&world, &[]).await.unwrap_err().code(), "auth_refused");
}

#[tokio::test]
async fn refusals_of_the_token_endpoint_name_no_secret() {
    for (status, body, code) in [
        (400, r#"{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}"#, "auth_refused"),
        (400, r#"{"error":"invalid_grant","error_description":"expired access/refresh token hush"}"#, "auth_refused"),
        (401, r#"{"error":"invalid_client","error_description":"invalid client credentials consumer"}"#, "auth_refused"),
        (400, r#"{"error":"unknown_error","error_description":"retry your request"}"#, "transient"),
        (503, "<html/>", "transient"),
        (302, "", "auth_refused"),
        (200, "{}", "drift"),
        (200, "<html/>", "drift"),
    ] {
        let world = World::answering([]);
        world.tokens.lock().unwrap().push_back(Next::Answer(status, body.into()));
        let fault = read(&world, &[]).await.unwrap_err();
        assert_eq!(fault.code(), code, "{body}");
        assert!(!fault.to_string().contains("hush"), "{fault}");
    }
    let world = World::answering([]);
    world.tokens.lock().unwrap().push_back(Next::Lost(NoAnswer::Budget { until: by().0 }));
    assert_eq!(read(&world, &[]).await, Err(Fault::RateLimited { until: by().0 }));
    *world.bundle.lock().unwrap() = Some(bundle(&[]));
    assert_eq!(read(&world, &[]).await.unwrap_err().code(), "auth_refused");
}
