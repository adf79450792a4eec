//! Signing in with a browser and giving the credentials up again: every vendor that has such a way, at its simulator.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::sign_in::{CodeGrant, Existence, Revoked, Way};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_engine::sign_in::{Attempt, Exchange, NotSignedIn, exchange};
use syncline_model::{Deadline, Fault, Secret, Timestamp};
use syncline_registry_sim::{Load, Simulated, simulator};
use syncline_simulator::{Shared, Simulator, Users, lock, shared};

const BASE: &str = "http://127.0.0.1:4010";

#[derive(Default)]
struct Chance(AtomicU64);

impl Dice for Chance {
    fn roll(&self) -> u64 {
        self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed)
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-11-22T12:00:00Z".parse().expect("a moment")
    }
}

/// The simulator, asked in the process.
struct Wire(Shared<Box<dyn Users>>);

#[async_trait]
impl Http for Wire {
    async fn send(&self, call: Call, _by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        Ok(lock(&self.0).handle(Noon.now(), &call.request))
    }
}

#[derive(Default)]
struct Kept(Mutex<Bundle>);

#[async_trait]
impl Secrets for Kept {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    async fn save(&self, _name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bundle.clone();
        Ok(())
    }
}

/// One vendor under settings that sign in with a browser.
struct Case {
    vendor: &'static dyn Vendor,
    settings: Settings,
    grant: CodeGrant,
    client: Bundle,
    wire: Arc<Wire>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for vendor in syncline_registry::vendors() {
        let simulated: &Simulated = simulator(vendor.descriptor().system).expect("a simulator");
        let load = Load { seed: 1, people: 0..5, companies: 0..1, at: Noon.now(), calls: None, provisioned: true };
        let mut settings = Settings(simulated.ready_settings(BASE, None));
        if vendor.setting_keys().iter().any(|key| key.name == "auth") {
            settings.0.insert("auth".into(), "refresh_token".into());
        }
        for way in vendor.sign_in(&settings) {
            let Way::Code(grant) = way else { continue };
            let client = simulated.ready_secrets().into_iter().filter(|(name, _)| name.starts_with("client_")).collect();
            let wire = Arc::new(Wire(shared(simulated.make(&load, BASE))));
            cases.push(Case { vendor: *vendor, settings: settings.clone(), grant: *grant, client: Bundle(client), wire });
        }
    }
    cases
}

impl Case {
    fn system(&self) -> &'static str {
        self.vendor.descriptor().system
    }

    fn attempt(&self) -> Attempt {
        Attempt::new(&self.grant, self.grant.redirect.address(5000), &Chance::default())
    }

    async fn get(&self, address: &str) -> http::Response<Bytes> {
        let request = http::Request::get(address).header("user-agent", "a browser").body(Bytes::new()).expect("a request");
        self.wire.send(Call::new("browser", request), Deadline(Noon.now())).await.expect("an answer")
    }

    /// Opens the page and follows its first link of this kind; the query of the redirect.
    async fn decide(&self, attempt: &Attempt, decision: &str) -> String {
        let address = attempt.address(&self.grant, self.client.get("client_id").expect("a client").expose());
        let page = self.get(&address).await;
        let body = String::from_utf8_lossy(page.body()).into_owned();
        assert_eq!(page.status(), 200, "{}: {body}", self.system());
        let links = body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let link = links.map(|link| link.replace("&amp;", "&")).find(|link| link.contains(&format!("decision={decision}")));
        let link = link.unwrap_or_else(|| panic!("{}: no link to {decision}", self.system()));
        let answer = self.get(&format!("{}{link}", self.grant.authorize_url)).await;
        let place = answer.headers().get("location").expect("a redirect").to_str().expect("text").to_owned();
        let (to, query) = place.split_once('?').expect("a query");
        assert_eq!(to, attempt.redirect_uri, "{}", self.system());
        query.to_owned()
    }

    async fn exchange(&self, attempt: &Attempt, code: &Secret) -> Result<Bundle, Fault> {
        let what = Exchange { vendor: self.vendor, settings: &self.settings, grant: &self.grant, attempt, client: &self.client, code };
        exchange(what, self.wire.as_ref(), &Noon, Deadline(Noon.now())).await.map_err(|error| error.fault)
    }

    fn parts(&self, kept: &Arc<Kept>) -> Parts {
        Parts {
            connection: "it".into(),
            settings: self.settings.clone(),
            secrets: kept.clone(),
            http: self.wire.clone(),
            clock: Arc::new(Noon),
            dice: Arc::new(Chance::default()),
        }
    }
}

#[tokio::test]
async fn who_allows_it_is_signed_in_and_what_was_given_can_be_given_up() {
    let cases = cases();
    assert!(!cases.is_empty());
    for case in cases {
        let system = case.system();
        let attempt = case.attempt();
        let code = attempt.read(&case.grant, &case.decide(&attempt, "allow").await).unwrap_or_else(|error| panic!("{system}: {error}"));
        let bundle = case.exchange(&attempt, &code).await.unwrap_or_else(|fault| panic!("{system}: {fault}"));
        assert!(case.grant.yields.iter().all(|name| bundle.get(name).is_some()), "{system}: {:?}", bundle.0.keys());

        let kept = Arc::new(Kept(Mutex::new(bundle)));
        let by = Deadline(Noon.now());
        let connect = || case.vendor.connect(case.parts(&kept)).unwrap_or_else(|problems| panic!("{system}: {problems:?}"));
        let account = connect().account(by).await.unwrap_or_else(|error| panic!("{system}: {error}"));
        assert!(!account.id.is_empty() && !account.user.is_empty(), "{system}");

        match connect().revoke(by).await.unwrap_or_else(|error| panic!("{system}: {error}")) {
            Revoked::Done => {
                let refused = connect().account(by).await.expect_err("no account without credentials").fault;
                assert!(matches!(refused, Fault::AuthRefused { .. }), "{system}: {refused}");
                assert_eq!(connect().revoke(by).await.expect("twice is as good as once"), Revoked::Done, "{system}");
            }
            Revoked::ByHand { how } => assert!(how.starts_with("In "), "{system}: says where: {how}"),
        }
    }
}

#[tokio::test]
async fn who_denies_it_is_told_that_nothing_changed() {
    for case in cases() {
        let attempt = case.attempt();
        let back = case.decide(&attempt, "deny").await;
        assert_eq!(attempt.read(&case.grant, &back), Err(NotSignedIn::Denied), "{}", case.system());
    }
}

/// A code works once, and only together with the proof of who asked for it.
#[tokio::test]
async fn a_stolen_code_is_worth_nothing() {
    for case in cases() {
        let system = case.system();
        let attempt = case.attempt();
        let code = attempt.read(&case.grant, &case.decide(&attempt, "allow").await).expect("a code");
        if case.grant.has_pkce {
            let thief = Attempt { verifier: Some(Secret::new("guessed-guessed-guessed-guessed-guessed-guess")), ..attempt.clone() };
            let refused = case.exchange(&thief, &code).await.expect_err("no token for a thief");
            assert!(matches!(refused, Fault::AuthRefused { .. }), "{system}: {refused}");
            // The attempt used it up.
            assert!(case.exchange(&attempt, &code).await.is_err(), "{system}");
            continue;
        }
        case.exchange(&attempt, &code).await.unwrap_or_else(|fault| panic!("{system}: {fault}"));
        let again = case.exchange(&attempt, &code).await.expect_err("a code works once");
        assert!(matches!(again, Fault::AuthRefused { .. }), "{system}: {again}");
    }
}

#[tokio::test]
async fn an_account_that_is_there_is_seen_before_anybody_signs_in() {
    let mut seen = BTreeMap::new();
    for vendor in syncline_registry::vendors() {
        let system = vendor.descriptor().system;
        let simulated = simulator(system).expect("a simulator");
        let load = Load { seed: 1, people: 0..1, companies: 0..1, at: Noon.now(), calls: None, provisioned: true };
        let Some(check) = vendor.existence(&Settings(simulated.ready_settings(BASE, None))) else { continue };
        let mut account = simulated.make(&load, BASE);
        assert!(!check.call.request.headers().contains_key("authorization"), "{system}");
        let answer = account.handle(Noon.now(), &check.call.request);
        let found = (check.read)(&answer, Noon.now()).unwrap_or_else(|fault| panic!("{system}: {fault}"));
        assert_eq!(found, Existence::Exists, "{system}");
        let nobody = syncline_simulator::answer(404, "text/html", "<html>No such account</html>");
        assert_eq!((check.read)(&nobody, Noon.now()), Ok(Existence::Missing), "{system}");
        let busy = syncline_simulator::answer(503, "text/html", "<html>Later</html>");
        assert!((check.read)(&busy, Noon.now()).is_err(), "{system}: trouble is no answer");
        seen.insert(system, check.account);
    }
    assert!(!seen.is_empty());
}
