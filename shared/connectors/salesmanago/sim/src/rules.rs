//! Automation rules that ping an address: a thin body, no signature, no event of its own (fact sheet §6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use syncline_simulator::Population;

use crate::Salesmanago;
use crate::contact::Contact;

/// What sets a rule off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    ContactAdded,
    ContactModified,
    /// This tag, as it is stored.
    TagAdded(String),
    StateChanged,
    OptedOut,
}

/// A rule as a tenant builds it by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    pub name: String,
    /// The rule's comment: the same in each ping.
    pub description: String,
    pub trigger: Trigger,
    pub url: String,
    /// User and password of basic authentication, where the tenant typed them in.
    pub basic: Option<(String, String)>,
}

/// One ping, to be posted now. What the receiver answers is not looked at (fact sheet §6: nothing is known of retries).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub url: String,
    /// The header `authorization`.
    pub authorization: Option<String>,
    pub body: Bytes,
}

/// What happened to a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    Added,
    Modified,
    TagAdded(String),
    StateChanged,
    OptedOut,
}

/// How much later a ping may come that is held up.
const HELD_UP_S: i64 = 90;

pub(crate) struct Rules {
    all: Vec<Rule>,
    letters: Vec<(Timestamp, Delivery)>,
    numbered: u32,
    rolls: Population,
    unkind: bool,
}

impl Rules {
    pub(crate) fn new(seed: u64, unkind: bool) -> Self {
        Self { all: Vec::new(), letters: Vec::new(), numbered: 0, rolls: Population::new(seed), unkind }
    }

    /// Our own writes set rules off as people's do.
    pub(crate) fn tell(&mut self, now: Timestamp, contact: &Contact, happenings: &[Happening]) {
        let pings: Vec<Delivery> = happenings
            .iter()
            .flat_map(|happening| self.all.iter().filter(move |rule| is_set_off(rule, happening)))
            .map(|rule| ping(rule, contact))
            .collect();
        for delivery in pings {
            self.numbered = self.numbered.wrapping_add(1);
            let roll = if self.unkind { self.rolls.roll(72, self.numbered) % 8 } else { u64::MAX };
            let late = now.saturating_add(SignedDuration::from_secs(HELD_UP_S)).unwrap_or(now);
            match roll {
                0 => {
                    self.letters.push((now, delivery.clone()));
                    self.letters.push((now, delivery));
                }
                1 => self.letters.push((late, delivery)),
                2 => {}
                _ => self.letters.push((now, delivery)),
            }
        }
    }
}

fn is_set_off(rule: &Rule, happening: &Happening) -> bool {
    match (&rule.trigger, happening) {
        (Trigger::ContactAdded, Happening::Added)
        | (Trigger::ContactModified, Happening::Modified)
        | (Trigger::StateChanged, Happening::StateChanged)
        | (Trigger::OptedOut, Happening::OptedOut) => true,
        (Trigger::TagAdded(wanted), Happening::TagAdded(tag)) => wanted == tag,
        (
            Trigger::ContactAdded | Trigger::ContactModified | Trigger::StateChanged | Trigger::OptedOut | Trigger::TagAdded(_),
            Happening::Added | Happening::Modified | Happening::StateChanged | Happening::OptedOut | Happening::TagAdded(_),
        ) => false,
    }
}

fn ping(rule: &Rule, contact: &Contact) -> Delivery {
    let body = json!({
        "id": rule.id, "name": rule.name, "contactId": contact.id, "description": rule.description, "email": contact.email,
        "phone": contact.texts.get("phone"), "company": contact.texts.get("company")
    });
    let authorization = rule.basic.as_ref().map(|(user, password)| format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
    Delivery { url: rule.url.clone(), authorization, body: Bytes::from(body.to_string()) }
}

impl Salesmanago {
    /// The tenant builds a rule.
    pub fn add_rule(&mut self, rule: Rule) {
        self.rules.all.push(rule);
    }

    /// What is to be posted now, each once.
    pub fn deliveries(&mut self, now: Timestamp) -> Vec<Delivery> {
        self.pass(now);
        let (due, later) = std::mem::take(&mut self.rules.letters).into_iter().partition(|(at, _)| *at <= now);
        self.rules.letters = later;
        let mut due: Vec<(Timestamp, Delivery)> = due;
        due.sort_by_key(|(at, _)| *at);
        due.into_iter().map(|(_, delivery)| delivery).collect()
    }
}
