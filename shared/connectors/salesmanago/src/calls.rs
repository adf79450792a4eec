//! Questions as requests. Pure: nothing here sends. All calls are POST with JSON, those that read too (fact sheet §1: documented).

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use syncline_engine::ports::http::{Call, EndpointClass};

use crate::auth::Proof;
use crate::fields::EMAIL;

pub(crate) const ACCOUNT: EndpointClass = "account";
pub(crate) const CONTACTS_LIST: EndpointClass = "contacts_list";
pub(crate) const CONTACTS_READ: EndpointClass = "contacts_read";
pub(crate) const CONTACTS_WRITE: EndpointClass = "contacts_write";

/// Contacts of a page, and contacts written at once: what the vendor's own connector promises.
pub(crate) const PAGE_RECORDS_MAX: u32 = 200;
pub(crate) const WRITE_RECORDS_MAX: u32 = 100;

/// One question: what is asked, and how it counts. Its body carries values; it is never logged.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) class: EndpointClass,
    /// Below the base address.
    pub(crate) path: &'static str,
    pub(crate) body: Map<String, Json>,
    /// What we are doing, in words without values.
    pub(crate) operation: &'static str,
    pub(crate) writes: bool,
    /// Whether success may be answered with something else than JSON.
    pub(crate) may_be_mute: bool,
}

impl Ask {
    fn read(class: EndpointClass, path: &'static str, body: Json, operation: &'static str) -> Self {
        Self { class, path, body: members(body), operation, writes: false, may_be_mute: false }
    }

    fn write(path: &'static str, body: Json, operation: &'static str) -> Self {
        Self { class: CONTACTS_WRITE, path, body: members(body), operation, writes: true, may_be_mute: false }
    }

    /// The request on the wire; `None` where the base address makes no address with this path. `requestTime` is documented in milliseconds.
    pub(crate) fn call(&self, base: &str, proof: &Proof, now: Timestamp) -> Option<Call> {
        let mut body = self.body.clone();
        for (name, value) in [("clientId", &proof.client_id), ("apiKey", &proof.api_key), ("sha", &proof.sha)] {
            body.insert(name.to_owned(), json!(value));
        }
        body.insert("requestTime".to_owned(), json!(now.as_millisecond()));
        let request = http::Request::post(format!("{base}{}", self.path))
            .header(http::header::ACCEPT, "application/json, application/json")
            .header(http::header::CONTENT_TYPE, "application/json;charset=UTF-8")
            .header(http::header::USER_AGENT, "Syncline");
        request.body(Bytes::from(Json::Object(body).to_string())).ok().map(|request| Call::new(self.class, request))
    }
}

fn members(body: Json) -> Map<String, Json> {
    match body {
        Json::Object(members) => members,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => Map::new(),
    }
}

/// The account's users.
pub(crate) fn users(owner: &str) -> Ask {
    Ask::read(ACCOUNT, "/api/user/listByClient", json!({"owner": owner, "user": owner}), "list users")
}

/// Contacts by id, whoever owns them.
pub(crate) fn by_ids(owner: &str, ids: &[&str]) -> Ask {
    Ask::read(CONTACTS_READ, "/api/contact/listAllById", json!({"owner": owner, "contactId": ids}), "read contacts by id")
}

/// Contacts by e-mail address, whoever owns them.
pub(crate) fn by_emails(owner: &str, emails: &[&str]) -> Ask {
    Ask::read(CONTACTS_READ, "/api/contact/listAll", json!({"owner": owner, "email": emails}), "read contacts by e-mail")
}

/// A page of one owner's contacts, from 1.
pub(crate) fn page(owner: &str, page: u32, size: u32) -> Ask {
    let body = json!({"owner": owner, "page": page, "size": size});
    Ask::read(CONTACTS_LIST, "/api/contact/paginatedListById", body, "list contacts")
}

/// A page of what changed of one owner's contacts between two moments, in milliseconds; from 1.
pub(crate) fn changes(owner: &str, from: i64, to: i64, page: u32, size: u32) -> Ask {
    let body = json!({"owner": owner, "user": owner, "from": from, "to": to, "page": page, "size": size});
    Ask::read(CONTACTS_LIST, "/api/contact/paginatedModifiedContacts", body, "list changed contacts")
}

/// One contact made or changed, by its e-mail address.
pub(crate) fn upsert(owner: &str, item: &Json) -> Ask {
    let mut ask = Ask::write("/api/contact/upsert", item.clone(), "write a contact");
    ask.body.insert("owner".to_owned(), json!(owner));
    ask
}

/// The same for many at once, answered when it is done.
pub(crate) fn batch_upsert(owner: &str, items: &[Json]) -> Ask {
    Ask::write("/api/contact/batchupsert", json!({"owner": owner, "upsertDetails": items}), "write contacts")
}

/// One contact changed, by its id. It makes none, whatever has become of the address meanwhile. The address is told as well, where it has one: its place is
/// beside `contact` here (fact sheet §4; by which of the two the vendor goes where it has both is unverified, and both name this contact).
pub(crate) fn update(owner: &str, id: &str, item: &Json) -> Ask {
    let mut ask = Ask::write("/api/contact/update", item.clone(), "change a contact");
    if let Some(email) = ask.body.get_mut("contact").and_then(Json::as_object_mut).and_then(|contact| contact.remove(EMAIL)) {
        ask.body.insert(EMAIL.to_owned(), email);
    }
    ask.body.insert("owner".to_owned(), json!(owner));
    ask.body.insert("contactId".to_owned(), json!(id));
    ask
}

pub(crate) fn set_owner(owner: &str, email: &str, new_owner: &str) -> Ask {
    let body = json!({"owner": owner, "contact": email, "newOwner": new_owner});
    Ask::write("/api/contact/setMainOwner", body, "give a contact another owner")
}

/// The answer is not always JSON (fact sheet §2).
pub(crate) fn delete(owner: &str, email: &str) -> Ask {
    let ask = Ask::write("/api/contact/delete", json!({"owner": owner, "email": email}), "delete a contact");
    Ask { may_be_mute: true, ..ask }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_a_post_that_carries_its_proof() {
        let proof = Proof { client_id: "client".to_owned(), api_key: "key".to_owned(), sha: "0f".to_owned() };
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let call = changes("o@a.example", 1, 2, 3, 200).call("https://app2.salesmanago.com", &proof, now).unwrap();
        assert_eq!(call.request.method(), http::Method::POST);
        assert_eq!(call.request.uri(), "https://app2.salesmanago.com/api/contact/paginatedModifiedContacts");
        let body: Json = serde_json::from_slice(call.request.body()).unwrap();
        let expected = json!({
            "owner": "o@a.example", "user": "o@a.example", "from": 1, "to": 2, "page": 3, "size": 200,
            "clientId": "client", "apiKey": "key", "sha": "0f", "requestTime": 1_795_341_600_000_i64
        });
        assert_eq!(body, expected);
        assert!(users("o").call("not an address", &proof, now).is_none());
    }
}
