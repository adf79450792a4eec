use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::json;
use syncline_engine::ports::vendor::Settings;

use super::*;

const NOW: &str = "2026-11-22T10:00:00Z";

/// One secret that several instances share, with what an adapter remembers of it.
struct Shared {
    stored: Mutex<Bundle>,
    remembered: Bundle,
}

#[async_trait]
impl Secrets for Shared {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(Some(self.remembered.clone()))
    }

    async fn load_anew(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(Some(self.stored.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    async fn save(&self, _name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        *self.stored.lock().unwrap_or_else(PoisonError::into_inner) = bundle.clone();
        Ok(())
    }
}

/// Counts the tokens that it gives; refuses after so many.
struct TokenServer {
    given: AtomicU64,
    most: u64,
}

#[async_trait]
impl Http for TokenServer {
    async fn send(&self, call: Call, _by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        assert_eq!(call.request.uri(), "https://accounts.zoho.eu/oauth/v2/token");
        let form = std::str::from_utf8(call.request.body()).unwrap().to_owned();
        assert_eq!(form, "grant_type=refresh_token&client_id=id&client_secret=s%26t&refresh_token=1000.r");
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        let (status, body) = if number > self.most {
            (
                400,
                json!({"error": "Access Denied", "error_description": "You have made too many requests continuously.", "status": "failure"}),
            )
        } else {
            (200, json!({"access_token": format!("1000.{number}"), "api_domain": "https://www.zohoapis.in", "expires_in": 3_600}))
        };
        let mut answer = http::Response::new(Bytes::from(body.to_string()));
        *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(answer)
    }
}

struct SetClock(Mutex<Timestamp>);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct SameRoll;

impl Dice for SameRoll {
    fn roll(&self) -> u64 {
        0
    }
}

struct Room {
    secrets: Arc<Shared>,
    server: Arc<TokenServer>,
    clock: Arc<SetClock>,
}

impl Room {
    fn new(most: u64) -> Self {
        let texts = [("client_id", "id"), ("client_secret", "s&t"), ("refresh_token", "1000.r")];
        let bundle = Bundle(texts.into_iter().map(|(name, text)| (name.to_owned(), Secret::new(text))).collect());
        Self {
            secrets: Arc::new(Shared { stored: Mutex::new(bundle.clone()), remembered: bundle }),
            server: Arc::new(TokenServer { given: AtomicU64::new(0), most }),
            clock: Arc::new(SetClock(Mutex::new(NOW.parse().unwrap()))),
        }
    }

    /// A function's own instance.
    fn auth(&self) -> Auth {
        let settings = Settings(BTreeMap::from([("data_center".to_owned(), "eu".to_owned())]));
        let target = crate::settings::read(&settings).unwrap();
        Auth::new("zoho".to_owned(), target, self.server.clone(), self.secrets.clone(), self.clock.clone(), &SameRoll)
    }

    fn pass(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    fn by(&self) -> Deadline {
        Deadline(self.clock.now() + SignedDuration::from_mins(1))
    }

    fn given(&self) -> u64 {
        self.server.given.load(Ordering::Relaxed)
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn functions_share_one_token_and_the_place_of_the_api() {
    let room = Room::new(10);
    run(async {
        let access = room.auth().access(room.by()).await.unwrap();
        assert_eq!((access.token.expose(), access.base.as_str()), ("1000.1", "https://www.zohoapis.in"));
        for _ in 0..20 {
            assert_eq!(room.auth().access(room.by()).await.unwrap(), access);
        }
        assert_eq!(room.given(), 1);
    });
}

#[test]
fn a_token_that_ends_is_renewed_once_for_all() {
    let room = Room::new(10);
    run(async {
        let instances: Vec<Auth> = (0..5).map(|_| room.auth()).collect();
        for auth in &instances {
            auth.access(room.by()).await.unwrap();
        }
        room.pass(3_600 - 60);
        for auth in &instances {
            assert_eq!(auth.access(room.by()).await.unwrap().token.expose(), "1000.2");
        }
        assert_eq!(room.given(), 2);
    });
}

#[test]
fn who_is_refused_looks_first_what_another_has_saved() {
    let room = Room::new(10);
    run(async {
        let (one, other) = (room.auth(), room.auth());
        let old = one.access(room.by()).await.unwrap().token;
        other.access(room.by()).await.unwrap();
        assert_eq!(one.renew(&old, room.by()).await.unwrap().token.expose(), "1000.2");
        assert_eq!(other.renew(&old, room.by()).await.unwrap().token.expose(), "1000.2");
        assert_eq!(room.given(), 2);
    });
}

#[test]
fn too_many_tokens_are_a_wait_and_no_refusal() {
    let room = Room::new(0);
    run(async {
        let fault = room.auth().access(room.by()).await.unwrap_err();
        assert_eq!(fault, Fault::RateLimited { until: "2026-11-22T10:10:00Z".parse().unwrap() });
    });
}
