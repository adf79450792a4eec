//! Consents: pushed one way or the other, never set as a state; and read the other way round (fact sheet §4).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::Salesmanago;
use crate::contact::Contact;
use crate::rules::Happening;
use crate::wire::{Answer, Failure, Payload, Result, list};

/// Pushes of one call. Without any, consents stay as they are.
#[allow(clippy::struct_excessive_bools, reason = "the vendor's body has five independent flags")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    subscribe: bool,
    unsubscribe: bool,
    subscribe_phone: bool,
    unsubscribe_phone: bool,
    /// Asks the person by mail instead of subscribing.
    double: bool,
}

impl Flags {
    pub(crate) fn read(details: &Map<String, Value>) -> Result<Self> {
        let flag = |name: &str| match details.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Failure::said(format!("{name} is neither true nor false")))
            }
        };
        let flags = Self {
            subscribe: flag("forceOptIn")?,
            unsubscribe: flag("forceOptOut")?,
            subscribe_phone: flag("forcePhoneOptIn")?,
            unsubscribe_phone: flag("forcePhoneOptOut")?,
            double: flag("useApiDoubleOptIn")?,
        };
        // What the vendor does with both is not known; the answer that a caller cannot overlook was built.
        if (flags.subscribe && flags.unsubscribe) || (flags.subscribe_phone && flags.unsubscribe_phone) {
            return Err(Failure::said("Opt-in and opt-out cannot be forced at once"));
        }
        Ok(flags)
    }

    /// Whether the person is asked by mail.
    pub(crate) fn push(self, contact: &mut Contact) -> bool {
        let asks = self.subscribe && self.double;
        if self.subscribe && !asks {
            contact.opted_out = false;
        }
        if self.unsubscribe {
            contact.opted_out = true;
        }
        if self.subscribe_phone {
            contact.opted_out_phone = false;
        }
        if self.unsubscribe_phone {
            contact.opted_out_phone = true;
        }
        asks
    }
}

/// Which consent, and to what it is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Consent {
    pub(crate) phone: bool,
    pub(crate) out: bool,
}

impl Consent {
    fn set(self, contact: &mut Contact) {
        if self.phone {
            contact.opted_out_phone = self.out;
        } else {
            contact.opted_out = self.out;
        }
    }
}

impl Salesmanago {
    /// `contact/optin`, `optout`, `phoneoptin`, `phoneoptout`.
    pub(crate) fn consent_one(&mut self, now: Timestamp, consent: Consent, body: &Map<String, Value>) -> Result {
        self.owners.named(body)?;
        let id = self.addressed(body)?;
        self.consent(now, consent, &id);
        Ok(Answer::Payload(Payload::from_iter([("contactId".to_owned(), json!(id))])))
    }

    /// `contact/batchoptin`, `batchoptout`: addresses that nobody has are passed over.
    pub(crate) fn consent_many(&mut self, now: Timestamp, out: bool, body: &Map<String, Value>) -> Result {
        self.owners.named(body)?;
        let emails = list(body, "emails", self.profile.rows_max)?;
        let ids: Vec<String> = emails.iter().filter_map(Value::as_str).filter_map(|email| self.contact_with_email(email)).collect();
        for id in &ids {
            self.consent(now, Consent { phone: false, out }, id);
        }
        Ok(Answer::one("contactIds", json!(ids)))
    }

    fn consent(&mut self, now: Timestamp, consent: Consent, id: &str) {
        let Some(mut contact) = self.contacts.get(id).cloned() else { return };
        let was_out = contact.opted_out;
        consent.set(&mut contact);
        contact.touch(now);
        let happenings =
            if contact.opted_out && !was_out { vec![Happening::Modified, Happening::OptedOut] } else { vec![Happening::Modified] };
        self.keep(now, contact, &happenings);
    }

    /// A person follows the link in a mail to unsubscribe; whether there is such a contact.
    pub fn unsubscribe(&mut self, now: Timestamp, id: &str) -> bool {
        let Some(mut contact) = self.contacts.get(id).cloned() else { return false };
        contact.opted_out = true;
        if self.profile.unsubscribing_modifies {
            contact.touch(now);
        }
        self.keep(now, contact, &[Happening::OptedOut]);
        true
    }

    /// A person confirms a subscription that a mail asked about; whether one waited.
    pub fn confirm(&mut self, now: Timestamp, id: &str) -> bool {
        let Some(place) = self.confirmations.iter().position(|waiting| waiting == id) else { return false };
        self.confirmations.remove(place);
        let Some(mut contact) = self.contacts.get(id).cloned() else { return false };
        contact.opted_out = false;
        contact.touch(now);
        self.keep(now, contact, &[Happening::Modified]);
        true
    }
}
