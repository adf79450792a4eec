//! Behaviour of the whole connector, over a scripted vendor.

mod decoding;
mod reading;
mod refusals;
mod signing_in;
mod webhooks;
mod writing;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, FindKey, Selection};
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_model::{Deadline, Secret, Timestamp, Value};

pub(super) const NOW: &str = "2026-11-22T10:00:00Z";
pub(super) const TOKEN: &str = r#"{"access_token":"00Dx!one","instance_url":"https://acme.my.salesforce.com","id":"https://login.salesforce.com/id/00Dx0000000BV7zEAG/005x00000012Q9PAAU","token_type":"Bearer"}"#;

pub(super) struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW.parse().unwrap()
    }
}

impl Dice for Fixed {
    fn roll(&self) -> u64 {
        4
    }
}

pub(super) fn by() -> Deadline {
    Deadline("2026-11-22T10:05:00Z".parse().unwrap())
}

/// What the script answers next.
#[derive(Clone)]
pub(super) enum Next {
    Answer(u16, String),
    Lost(NoAnswer),
}

pub(super) fn ok(body: &str) -> Next {
    Next::Answer(200, body.to_owned())
}

/// The vendor, the secret store and a log of what happened, in order.
#[derive(Default)]
pub(super) struct World {
    pub(super) log: Mutex<Vec<String>>,
    pub(super) seen: Mutex<Vec<http::Request<Bytes>>>,
    pub(super) answers: Mutex<VecDeque<Next>>,
    pub(super) tokens: Mutex<VecDeque<Next>>,
    pub(super) bundle: Mutex<Option<Bundle>>,
    /// What a look past the remembered bundle finds, once.
    pub(super) rotated: Mutex<Option<Bundle>>,
    pub(super) save_fails: Mutex<u32>,
    pub(super) persons: bool,
}

impl World {
    pub(super) fn answering(answers: impl IntoIterator<Item = Next>) -> Arc<Self> {
        let world = Self::default();
        *world.answers.lock().unwrap() = answers.into_iter().collect();
        *world.bundle.lock().unwrap() = Some(bundle(&[("client_id", "consumer"), ("client_secret", "hush"), ("refresh_token", "old")]));
        Arc::new(world)
    }

    /// The requests that were no sign-in and no describe: method, decoded path and query, body.
    pub(super) fn asked(&self) -> Vec<(String, String, String)> {
        let seen = self.seen.lock().unwrap();
        let rest = seen.iter().filter(|request| !is_token(request) && !is_describe(request));
        rest.map(|request| {
            let path = request.uri().path_and_query().unwrap().as_str();
            let path = percent_encoding::percent_decode_str(path).decode_utf8().unwrap().into_owned();
            (request.method().to_string(), path, String::from_utf8(request.body().to_vec()).unwrap())
        })
        .collect()
    }

    pub(super) fn connect(self: &Arc<Self>, settings: &[(&str, &str)]) -> Arc<dyn Connector> {
        let mut all = BTreeMap::from([
            ("base_url".to_owned(), "https://acme.my.salesforce.com".to_owned()),
            ("auth".to_owned(), "client_credentials".to_owned()),
        ]);
        all.extend(settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let parts = Parts {
            connection: "crm".into(),
            settings: Settings(all),
            secrets: Arc::new(Port(self.clone())),
            http: Arc::new(Port(self.clone())),
            clock: Arc::new(Fixed),
            dice: Arc::new(Fixed),
        };
        crate::VENDOR.connect(parts).unwrap()
    }
}

pub(super) fn bundle(pairs: &[(&str, &str)]) -> Bundle {
    Bundle(pairs.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect())
}

fn is_token(request: &http::Request<Bytes>) -> bool {
    request.uri().path().ends_with("/oauth2/token")
}

fn is_describe(request: &http::Request<Bytes>) -> bool {
    request.uri().path().ends_with("/describe")
}

struct Port(Arc<World>);

#[async_trait]
impl Http for Port {
    async fn send(&self, call: Call, _by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        let world = &self.0;
        world.log.lock().unwrap().push(format!("{} {}", call.class, call.request.method()));
        world.seen.lock().unwrap().push(call.request.clone());
        let next = if is_token(&call.request) {
            world.tokens.lock().unwrap().pop_front().unwrap_or_else(|| ok(TOKEN))
        } else if is_describe(&call.request) {
            ok(&describe(call.request.uri().path(), world.persons))
        } else {
            world.answers.lock().unwrap().pop_front().expect("a question that the script does not answer")
        };
        match next {
            Next::Lost(no_answer) => Err(no_answer),
            Next::Answer(status, body) => {
                let answer = http::Response::builder().status(status).header("date", "Sun, 22 Nov 2026 09:59:30 GMT");
                Ok(answer.header("sforce-limit-info", "api-usage=22/15000").body(Bytes::from(body)).unwrap())
            }
        }
    }
}

#[async_trait]
impl Secrets for Port {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(self.0.bundle.lock().unwrap().clone())
    }

    async fn load_anew(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        let rotated = self.0.rotated.lock().unwrap().take();
        if rotated.is_some() {
            *self.0.bundle.lock().unwrap() = rotated;
        }
        self.load(name).await
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        let mut fails = self.0.save_fails.lock().unwrap();
        if *fails > 0 {
            *fails -= 1;
            return Err(SecretsError { name: name.to_owned(), problem: "out of reach".into() });
        }
        self.0.log.lock().unwrap().push(format!("saved {}", bundle.get("refresh_token").unwrap().expose()));
        *self.0.bundle.lock().unwrap() = Some(bundle.clone());
        Ok(())
    }
}

fn field(name: &str, kind: &str, more: &str) -> String {
    let nillable = if more.contains("nillable") { "" } else { r#","nillable":true"# };
    format!(r#"{{"name":"{name}","label":"{name}","type":"{kind}","createable":true,"updateable":true,"length":80{nillable}{more}}}"#)
}

/// A describe as our user sees it.
fn describe(path: &str, persons: bool) -> String {
    let mut fields = vec![
        r#"{"name":"Id","label":"Id","type":"id","createable":false,"updateable":false}"#.to_owned(),
        field("Email", "email", ""),
        field("LastName", "string", r#","nillable":false"#),
        field("Phone", "phone", ""),
        field("Interests__c", "multipicklist", ""),
        field("Score__c", "double", ""),
        field("Notes__c", "textarea", r#","filterable":false"#),
        field("FDCONTACTID__c", "string", r#","externalId":true,"unique":true"#),
        field("Plain__c", "string", ""),
        field("AccountId", "reference", r#","relationshipName":"Account","referenceTo":["Account"]"#),
        field("MailingAddress", "address", ""),
    ];
    if path.contains("/Account/") {
        fields.push(field("Name", "string", ""));
    }
    if persons {
        fields.push(field("IsPersonAccount", "boolean", ""));
    }
    format!(r#"{{"createable":true,"updateable":true,"deletable":true,"fields":[{}]}}"#, fields.join(","))
}

pub(super) fn contacts(fields: &[&str]) -> Selection {
    Selection { kind: "Contact".into(), fields: fields.iter().map(|name| (*name).into()).collect() }
}

pub(super) fn key(field: &str, value: &str) -> FindKey {
    FindKey { field: field.into(), value: Value::text(value) }
}

/// An id by its number.
pub(super) fn contact_id(number: u32) -> String {
    crate::id::canonical(&format!("003Q{number:011}")).unwrap()
}

/// A query's row.
pub(super) fn row(number: u32, stamp: &str, more: &str) -> String {
    let id = contact_id(number);
    format!(
        r#"{{"attributes":{{"type":"Contact","url":"/services/data/v66.0/sobjects/Contact/{id}"}},"Id":"{id}","SystemModstamp":"2026-11-20T{stamp}.000+0000"{more}}}"#
    )
}

/// A page of a query.
pub(super) fn page(rows: &[String], next: Option<&str>) -> String {
    let next_part = next.map(|next| format!(r#","nextRecordsUrl":"{next}""#)).unwrap_or_default();
    format!(r#"{{"totalSize":9,"done":{}{next_part},"records":[{}]}}"#, next.is_none(), rows.join(","))
}

/// A composite answer of these parts.
pub(super) fn composite(parts: &[(&str, u16, &str)]) -> String {
    let parts = parts.iter().map(|(reference, status, body)| {
        format!(r#"{{"body":{body},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"{reference}"}}"#)
    });
    format!(r#"{{"compositeResponse":[{}]}}"#, parts.collect::<Vec<_>>().join(","))
}
