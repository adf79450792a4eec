//! The page on which a person lets a program in, for simulators with OAuth: two links, allow and deny, for each of the people who may be signed in.
//! A test follows a link, a person clicks it.

use http::header::{CACHE_CONTROL, LOCATION};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{Response, answer};

/// What the page was asked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pairs: Vec<(String, String)>,
    query: String,
}

/// What the person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet: the page is shown.
    Open,
    /// Let it in, as this user, by e-mail address, where the link named one.
    Allowed {
        user: Option<String>,
    },
    Denied,
}

impl Consent {
    /// From the query of the authorize address.
    pub fn read(query: Option<&str>) -> Self {
        let query = query.unwrap_or_default();
        let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decode(name), decode(value))).collect();
        Self { pairs, query: query.to_owned() }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it asks this client's question at all: another client gets no redirect.
    pub fn is_of(&self, client: &str) -> bool {
        self.get("client_id") == Some(client) && self.get("response_type") == Some("code") && self.get("redirect_uri").is_some()
    }

    pub fn decision(&self) -> Decision {
        match self.get("decision") {
            Some("allow") => Decision::Allowed { user: self.get("user").map(str::to_owned) },
            Some(_) => Decision::Denied,
            None => Decision::Open,
        }
    }

    /// The page. `users`: address, and a word on who that is.
    pub fn page(&self, product: &str, users: &[(String, String)]) -> Response {
        let link = |more: &str| escaped(&format!("?{}&{more}", self.query));
        let rows: Vec<String> = users
            .iter()
            .map(|(email, word)| {
                let allow = link(&format!("decision=allow&user={}", utf8_percent_encode(email, NON_ALPHANUMERIC)));
                format!("<li><a href=\"{allow}\">Allow, as {} ({})</a></li>", escaped(email), escaped(word))
            })
            .collect();
        let (deny, client) = (link("decision=deny"), escaped(self.get("client_id").unwrap_or_default()));
        let body = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{product}, simulated</title>\
             <h1>{product}, simulated</h1><p>{client} asks for access ({}).</p><ul>{}</ul><p><a href=\"{deny}\">Deny</a></p></html>",
            escaped(self.get("scope").unwrap_or("everything")),
            rows.concat()
        );
        answer(200, "text/html; charset=utf-8", body)
    }

    /// Back to who asked, with the state that came along.
    pub fn redirect(&self, outcome: &[(&str, &str)]) -> Response {
        let to = self.get("redirect_uri").unwrap_or_default();
        let state = self.get("state").map(|state| ("state", state));
        let pairs: Vec<String> = outcome
            .iter()
            .copied()
            .chain(state)
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let join = if to.contains('?') { '&' } else { '?' };
        let mut response = answer(302, "text/html; charset=utf-8", "");
        if let Ok(place) = http::HeaderValue::from_str(&format!("{to}{join}{}", pairs.join("&"))) {
            response.headers_mut().insert(LOCATION, place);
        }
        response.headers_mut().insert(CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
        response
    }

    /// The person said no (RFC 6749 §4.1.2.1).
    pub fn denied(&self) -> Response {
        self.redirect(&[("error", "access_denied"), ("error_description", "The end-user denied the authorization request")])
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
