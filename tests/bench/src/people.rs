//! People at their desks: they look at records and edit them through the vendors' APIs. None of it counts as ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::{Value as Json, json};
use syncline_freshdesk_sim::HUMAN_KEY;

use crate::scene::{LEFT, RIGHT, Scene};
use crate::unmeasured::{Measured, Unmeasured};

const SALESFORCE_ROOT: &str = "/services/data/v66.0";
const SALESFORCE_SESSION: &str = "human-session";
const PAGE: usize = 100;
/// Pages after which a listing is taken for endless.
const PAGES_MAX: usize = 100_000;

/// A contact as a person finds it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) id: String,
    /// The number in the population, which the address carries.
    pub(crate) number: u32,
}

/// `person17@…` is number 17.
fn number(email: &str) -> Option<u32> {
    email.strip_prefix("person")?.split('@').next()?.parse().ok()
}

/// Every contact of the left side.
pub(crate) fn left_contacts(scene: &Scene) -> Measured<Vec<Found>> {
    let mut found = Vec::new();
    for page in 1..PAGES_MAX {
        let rows = ask(scene, LEFT, &Method::GET, &format!("/api/v2/contacts?per_page={PAGE}&page={page}"), None)?;
        let rows = rows.as_array().cloned().unwrap_or_default();
        found.extend(rows.iter().filter_map(|row| {
            let id = row.get("id")?.as_i64()?.to_string();
            Some(Found { id, number: number(row.get("email")?.as_str()?)? })
        }));
        if rows.len() < PAGE {
            return Ok(found);
        }
    }
    Err(Unmeasured::new("the left side's contacts", "the listing does not end"))
}

/// Every contact of the right side.
pub(crate) fn right_contacts(scene: &Scene) -> Measured<Vec<Found>> {
    let mut found = Vec::new();
    let mut path = format!("{SALESFORCE_ROOT}/query?q=SELECT+Id,Email+FROM+Contact+ORDER+BY+Id");
    for _ in 0..PAGES_MAX {
        let answer = ask(scene, RIGHT, &Method::GET, &path, None)?;
        let rows = answer.get("records").and_then(Json::as_array).cloned().unwrap_or_default();
        found.extend(rows.iter().filter_map(|row| {
            let id = row.get("Id")?.as_str()?.to_owned();
            Some(Found { id, number: number(row.get("Email")?.as_str()?)? })
        }));
        match answer.get("nextRecordsUrl").and_then(Json::as_str) {
            Some(next) => next.clone_into(&mut path),
            None => return Ok(found),
        }
    }
    Err(Unmeasured::new("the right side's contacts", "the listing does not end"))
}

/// Gives a contact of the left side another name.
pub(crate) fn rename_left(scene: &Scene, id: &str, name: &str) -> Measured<()> {
    ask(scene, LEFT, &Method::PUT, &format!("/api/v2/contacts/{id}"), Some(&json!({ "name": name }))).map(drop)
}

/// Gives a contact of the right side another last name.
pub(crate) fn rename_right(scene: &Scene, id: &str, name: &str) -> Measured<()> {
    let path = format!("{SALESFORCE_ROOT}/sobjects/Contact/{id}");
    ask(scene, RIGHT, &Method::PATCH, &path, Some(&json!({ "LastName": name }))).map(drop)
}

/// A contact of the left side as its vendor writes it.
pub(crate) fn show_left(scene: &Scene, id: &str) -> Measured<Bytes> {
    send(scene, LEFT, &Method::GET, &format!("/api/v2/contacts/{id}"), None)
}

/// A contact of the right side as its vendor writes it.
pub(crate) fn show_right(scene: &Scene, id: &str) -> Measured<Bytes> {
    send(scene, RIGHT, &Method::GET, &format!("{SALESFORCE_ROOT}/sobjects/Contact/{id}"), None)
}

fn ask(scene: &Scene, system: &str, method: &Method, path: &str, body: Option<&Json>) -> Measured<Json> {
    let answer = send(scene, system, method, path, body)?;
    if answer.is_empty() {
        return Ok(Json::Null);
    }
    serde_json::from_slice(&answer).map_err(|error| Unmeasured::new(system, error))
}

fn send(scene: &Scene, system: &str, method: &Method, path: &str, body: Option<&Json>) -> Measured<Bytes> {
    let authorization = if system == LEFT {
        format!("Basic {}", STANDARD.encode(format!("{HUMAN_KEY}:x")))
    } else {
        format!("Bearer {SALESFORCE_SESSION}")
    };
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", authorization)
        .header("content-type", "application/json")
        .body(body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string())))
        .map_err(|error| Unmeasured::new(system, error))?;
    let answer = scene.traffic.as_person(system, &request).ok_or_else(|| Unmeasured::new(system, "it has no simulator"))?;
    if !answer.status().is_success() {
        return Err(Unmeasured::new(system, format!("a person's {method} {path} was answered {}", answer.status())));
    }
    Ok(answer.into_body())
}
