//! From a request to its answer. Every call is a POST, also one that reads (fact sheet §1).

use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value};
use syncline_simulator::{Request, Response, Simulator};

use crate::Salesmanago;
use crate::consent::Consent;
use crate::jobs::Export;
use crate::reading::By;
use crate::wire::{Answer, Failure, Payload, Result, object};
use crate::writing::Mode;

impl Simulator for Salesmanago {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        self.pass(now);
        let answered = if self.meter.take(now.as_second()) { self.answer(now, request) } else { Err(Failure::TooMany) };
        match answered {
            Ok(answer) => answer.into_response(),
            Err(failure) => failure.into_response(self.profile.message_is_text),
        }
    }
}

impl Salesmanago {
    fn answer(&mut self, now: Timestamp, request: &Request) -> Result {
        let path: Vec<&str> = request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
        if let ["files", name] = path.as_slice() {
            return if request.method() == Method::GET { self.file(name) } else { Err(Failure::Page(405)) };
        }
        let ["api", rest @ ..] = path.as_slice() else { return Err(Failure::Page(404)) };
        if request.method() != Method::POST {
            return Err(Failure::Page(405));
        }
        let body: Map<String, Value> = serde_json::from_slice(request.body()).map_err(|_| Failure::Page(400))?;
        self.access.check(&body)?;
        match rest {
            ["contact", rest @ ..] => self.contacts_route(now, rest, &body),
            ["integration", "upsert"] => {
                let mut inner = object(&body, "contactUpsertRequest")?.clone();
                for shared in ["owner", "user"] {
                    if let Some(value) = body.get(shared) {
                        inner.entry(shared).or_insert_with(|| value.clone());
                    }
                }
                let Answer::Payload(mut payload) = self.write_one(now, Mode::Upsert, &inner)? else { return Ok(Answer::Nothing) };
                payload.insert("eventId".to_owned(), Value::String(self.ids.uuid()));
                Ok(Answer::Payload(payload))
            }
            ["job", "status"] => self.job_status(&body),
            ["user", "listByClient"] => self.owners.named(&body).map(|_| self.users()),
            _ => Err(Failure::Page(404)),
        }
    }

    fn contacts_route(&mut self, now: Timestamp, rest: &[&str], body: &Map<String, Value>) -> Result {
        let consent = |phone, out| Consent { phone, out };
        match rest {
            ["insert"] => self.write_one(now, Mode::Insert, body),
            ["update"] => self.write_one(now, Mode::Update, body),
            ["upsert"] => self.write_one(now, Mode::Upsert, body),
            ["batchupsert"] => self.write_many(now, body),
            ["batchupsertv2"] => self.write_later(now, body),
            ["delete"] => self.delete_one(now, body),
            ["batchDelete"] => self.delete_many(now, body),
            ["hasContact"] => self.has(body),
            ["optin"] => self.consent_one(now, consent(false, false), body),
            ["optout"] => self.consent_one(now, consent(false, true), body),
            ["phoneoptin"] => self.consent_one(now, consent(true, false), body),
            ["phoneoptout"] => self.consent_one(now, consent(true, true), body),
            ["batchoptin"] => self.consent_many(now, false, body),
            ["batchoptout"] => self.consent_many(now, true, body),
            ["setMainOwner"] => self.set_main_owner(now, body),
            ["basic"] => self.basic(By::Email, body),
            ["basicById"] => self.basic(By::Id, body),
            ["list"] => self.listed(By::Email, false, body),
            ["listById"] => self.listed(By::Id, false, body),
            ["listAll"] => self.listed(By::Email, true, body),
            ["listAllById"] => self.listed(By::Id, true, body),
            ["createdContacts"] => self.created_contacts(body),
            ["modifiedContacts"] => self.modified_contacts(body),
            ["paginatedModifiedContacts"] => self.modified_page(body),
            ["paginatedListById"] => self.all_page(body),
            ["paginatedContactList", "export"] => self.export_later(now, Export::Page, body),
            ["export", "data"] => self.export_later(now, Export::Data, body),
            // Visits are not edits: nobody has made any through this door.
            ["recentActivity"] => Ok(Answer::Payload(Payload::new())),
            _ => Err(Failure::Page(404)),
        }
    }
}
