//! Outbound messages: SOAP from a flow or workflow rule, at most 100 notifications each (fact sheet §6: documented).
//!
//! They are not signed. What is checked: the secret at the end of the address, in constant time, and the organisation's id where it is
//! known. No entity, document type or processing instruction is read. A message is a hint: the record is asked for anyway.

use aws_lc_rs::digest::{SHA256, digest};
use quick_xml::Reader;
use quick_xml::events::Event;
use subtle::ConstantTimeEq;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::webhook::{Heard, Hint, RawWebhook, Refused, VerifiedWebhook, Webhooks};
use syncline_model::{CallError, Fault, ObjectKind, Timestamp};

use crate::auth::Organization;
use crate::id;

/// 100 notifications of wide records; larger ones are refused unread.
const BODY_BYTES_MAX: usize = 1024 * 1024;
const NOTIFICATIONS_MAX: usize = 100;
const DEPTH_MAX: usize = 16;

const ACK: &str = r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>"#;

/// The door for outbound messages of one organisation.
#[derive(Clone, Debug)]
pub(crate) struct OutboundMessages {
    pub(crate) organization: Organization,
}

/// A message, read.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    organization: String,
    hints: Vec<Hint>,
}

impl Webhooks for OutboundMessages {
    fn check(&self, raw: &RawWebhook, secrets: &Bundle, _now: Timestamp) -> Result<(), Refused> {
        let given = digest(&SHA256, raw.path_rest.trim_matches('/').as_bytes());
        let known = ["webhook_secret", "webhook_secret_previous"].into_iter().filter_map(|name| secrets.get(name));
        // Every secret is compared: the time tells neither which one matched nor where one differs.
        let good = known.filter(|secret| !secret.expose().is_empty()).fold(subtle::Choice::from(0), |good, secret| {
            good | digest(&SHA256, secret.expose().as_bytes()).as_ref().ct_eq(given.as_ref())
        });
        if !bool::from(good) {
            return Err(Refused::Forged);
        }
        let message = read(&raw.body).map_err(|problem| Refused::Unreadable(problem.to_owned()))?;
        match self.organization.known() {
            Some(known) if known != message.organization => Err(Refused::OtherAccount),
            Some(_) | None => Ok(()),
        }
    }

    fn parse(&self, hook: &VerifiedWebhook<'_>) -> Result<Heard, CallError> {
        let message = read(hook.body()).map_err(|problem| {
            let fault = Fault::Drift { path: "body".into(), expected: "an outbound message".into(), found: problem.to_owned() };
            CallError::new("salesforce", "read an outbound message", fault)
        })?;
        Ok(Heard { hints: message.hints, answer: ("text/xml", ACK.to_owned()) })
    }
}

/// Reads a message; the error says in words what is wrong with it, without its content.
fn read(body: &[u8]) -> Result<Message, &'static str> {
    if body.len() > BODY_BYTES_MAX {
        return Err("it is longer than 1 MiB");
    }
    let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8")?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut path: Vec<String> = Vec::new();
    let mut found = Found::default();
    loop {
        match reader.read_event().map_err(|_| "it is no well-formed XML")? {
            Event::Start(tag) => {
                if path.len() >= DEPTH_MAX {
                    return Err("it is nested too deeply");
                }
                let name = tag.local_name().as_ref().to_owned();
                if name == "Envelope" && !path.is_empty() || name != "Envelope" && path.is_empty() {
                    return Err("its root is no SOAP envelope");
                }
                if name == "sObject" {
                    found.kind = sobject_kind(&tag)?;
                }
                if name == "Notification" {
                    found.record = None;
                    found.kind = None;
                }
                path.push(name);
            }
            Event::End(_) => {
                if path.pop().as_deref() == Some("Notification") {
                    found.notification()?;
                }
                if path.is_empty() {
                    found.closed = true;
                }
            }
            Event::Text(text) => found.text(&path, &text)?,
            Event::Empty(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) => {}
            Event::PI(_) => return Err("it carries a processing instruction"),
            Event::DocType(_) => return Err("it carries a document type"),
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                if !name.starts_with('#') && !["amp", "lt", "gt", "quot", "apos"].contains(&name) {
                    return Err("it carries an entity");
                }
            }
            Event::Eof => break,
        }
    }
    found.message(&path)
}

#[derive(Default)]
struct Found {
    organization: Option<String>,
    kind: Option<String>,
    record: Option<String>,
    hints: Vec<Hint>,
    closed: bool,
}

impl Found {
    fn text(&mut self, path: &[String], text: &str) -> Result<(), &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["Envelope", "Body", "notifications", "OrganizationId"] => {
                if self.organization.is_some() {
                    return Err("it names two organisations");
                }
                self.organization = Some(id::canonical(text).ok_or("its organisation id is none")?);
            }
            ["Envelope", "Body", "notifications", "Notification", "sObject", "Id"] => {
                self.record = Some(id::canonical(text).ok_or("a record id is none")?);
            }
            _ => {}
        }
        Ok(())
    }

    fn notification(&mut self) -> Result<(), &'static str> {
        if self.hints.len() >= NOTIFICATIONS_MAX {
            return Err("it carries more than 100 notifications");
        }
        let (Some(kind), Some(record)) = (self.kind.take(), self.record.take()) else {
            return Err("a notification names no record");
        };
        self.hints.push(Hint { kind: ObjectKind::new(kind), id: id::record_id(&record) });
        Ok(())
    }

    fn message(self, open: &[String]) -> Result<Message, &'static str> {
        if !open.is_empty() || !self.closed {
            return Err("it is cut off");
        }
        let organization = self.organization.ok_or("it names no organisation")?;
        if self.hints.is_empty() {
            return Err("it carries no notification");
        }
        Ok(Message { organization, hints: self.hints })
    }
}

/// The object's name out of `xsi:type="sf:Contact"`.
fn sobject_kind(tag: &quick_xml::events::BytesStart<'_>) -> Result<Option<String>, &'static str> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| "it is no well-formed XML")?;
        if attribute.key.local_name().as_ref() == "type" {
            let name = attribute.value.rsplit(':').next().unwrap_or_default().to_owned();
            return if crate::soql::is_name(&name) { Ok(Some(name)) } else { Err("a notification's object has no name") };
        }
    }
    Ok(None)
}
