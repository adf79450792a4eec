//! Writes: what stands is read first, many are written in one call, and what came of it is read.
//!
//! The vendor finds a contact by its e-mail address and makes one where it finds none, so a create that meets an address which is there already
//! would change somebody else's contact: it is looked for before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_engine::ports::connector::{Outcome, Selection, WriteAction};
use syncline_model::{CallError, Deadline, Fault, FieldName, Record, RecordId, Value};

use crate::calls;
use crate::client::{Answer, Trouble};
use crate::connection::Connection;
use crate::fields::EMAIL;
use crate::outgoing::{Item, Manner, item, not_taken, rejected, values};
use crate::wire::{folded, id_of, record, selected};

/// What stands at the vendor before the batch.
struct Standing {
    by_id: BTreeMap<RecordId, Json>,
    by_email: BTreeMap<String, Json>,
}

/// One operation on its way.
enum Step {
    Done(Outcome),
    Write(Write),
    /// Its address stands in another operation of the batch: what becomes of that one decides.
    Waiting {
        write: Write,
        on: usize,
    },
    Delete {
        id: RecordId,
        email: String,
    },
    /// The vendor said yes: what is stored is still to be read.
    Written {
        id: RecordId,
        created: bool,
        fields: BTreeMap<FieldName, Value>,
        /// By the vendor's clock, to the second; `None`: by an earlier call.
        at: Option<Timestamp>,
        /// Of a contact that got another address: what asks for it once more, if the contact still has the old one.
        readdress: Option<Json>,
    },
    /// Deleted, but the answer said nothing that proves it.
    Deleted {
        id: RecordId,
        proven: bool,
    },
}

struct Write {
    item: Item,
    /// `None`: a new contact.
    id: Option<RecordId>,
    fields: BTreeMap<FieldName, Value>,
}

impl Write {
    /// In whose name it is written: a new contact is the one's who makes it (fact sheet §4), one that is there is changed by the main user.
    fn made_as<'a>(&'a self, main_user: &'a str) -> &'a str {
        match (&self.id, &self.item.owner) {
            (None, Some(owner)) => owner,
            (None, None) | (Some(_), _) => main_user,
        }
    }
}

impl Connection {
    pub(crate) async fn write_all(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        if actions.is_empty() {
            return Ok(Vec::new());
        }
        let standing = self.standing(actions, by).await?;
        let mut claims = BTreeMap::new();
        let numbered = actions.iter().enumerate();
        let mut steps: Vec<Step> = numbered.map(|(index, action)| self.step(index, action, &standing, &mut claims)).collect();
        for (owner, part) in chunks(&steps, &self.target.owner, self.target.write_records_max) {
            self.write_part(&mut steps, &owner, &part, by).await;
        }
        for index in 0..steps.len() {
            self.write_waiting(&mut steps, index, by).await;
        }
        for step in &mut steps {
            self.delete_step(step, by).await;
        }
        self.outcomes(selection, steps, by).await
    }

    fn manner(&self) -> Manner {
        Manner { clearing: self.target.clearing, double_opt_in: self.target.double_opt_in }
    }

    /// The contacts that are changed or deleted, and those that have an address which shall be given away.
    async fn standing(&self, actions: &[WriteAction], by: Deadline) -> Result<Standing, CallError> {
        let mut ids: Vec<&RecordId> = Vec::new();
        let mut emails: BTreeSet<String> = BTreeSet::new();
        for action in actions {
            match action {
                WriteAction::Create { fields, .. } => emails.extend(email_in(fields)),
                WriteAction::Update { id, fields, .. } => {
                    ids.push(id);
                    emails.extend(email_in(fields));
                }
                WriteAction::Delete { id } => ids.push(id),
                WriteAction::Restore { .. } => {}
            }
        }
        let by_id = if ids.is_empty() { BTreeMap::new() } else { self.read_ids(ids.into_iter(), by).await? };
        // An address that its own contact has already is known.
        for row in by_id.values() {
            if let Some(own) = row.get(EMAIL).and_then(Json::as_str) {
                emails.remove(&folded(own));
            }
        }
        let by_email = if emails.is_empty() { BTreeMap::new() } else { self.read_emails(&emails, by).await? };
        Ok(Standing { by_id, by_email })
    }

    fn step(&self, index: usize, action: &WriteAction, standing: &Standing, claims: &mut BTreeMap<String, usize>) -> Step {
        let failed = |fault: Fault| Step::Done(Outcome::Failed(fault));
        let live = |id: &RecordId| standing.by_id.get(id).filter(|row| row.get("deleted").and_then(Json::as_bool) != Some(true));
        match action {
            WriteAction::Create { fields, once } => match item(fields, None, self.manner()) {
                Err(fault) => failed(fault),
                Ok(item) => match item.email.as_ref().and_then(|email| standing.by_email.get(email)) {
                    // Our own link field with our own value: an earlier create of ours.
                    Some(row) if is_ours(row, fields, once.as_ref()) => match id_of(row) {
                        Some(id) => Step::Written { id, created: false, fields: BTreeMap::new(), at: None, readdress: None },
                        None => failed(holder_without_id()),
                    },
                    Some(row) => failed(Fault::Taken { field: Some(EMAIL.into()), holders: id_of(row).into_iter().collect() }),
                    None => Self::claimed(Write { item, id: None, fields: fields.clone() }, index, claims),
                },
            },
            WriteAction::Update { id, fields, .. } => {
                let Some(row) = live(id) else { return failed(Fault::Missing) };
                match item(fields, Some(row), self.manner()) {
                    Err(fault) => failed(fault),
                    Ok(item) => {
                        let holder = item.email_after.as_ref().and_then(|email| standing.by_email.get(email)).and_then(id_of);
                        match holder.filter(|holder| holder != id) {
                            Some(holder) => failed(Fault::Taken { field: Some(EMAIL.into()), holders: vec![holder] }),
                            None => Self::claimed(Write { item, id: Some(id.clone()), fields: fields.clone() }, index, claims),
                        }
                    }
                }
            }
            WriteAction::Delete { id } => {
                let Some(row) = live(id) else { return failed(Fault::Missing) };
                match row.get(EMAIL).and_then(Json::as_str).filter(|email| !email.is_empty()) {
                    Some(email) => Step::Delete { id: id.clone(), email: email.to_owned() },
                    None => failed(Fault::Unsupported { capability: "deletion of a contact without an e-mail address".to_owned() }),
                }
            }
            WriteAction::Restore { .. } => failed(Fault::Unsupported { capability: "bin from which contacts come back".to_owned() }),
        }
    }

    /// Two of one batch cannot both have an address: the second would change the first.
    fn claimed(write: Write, index: usize, claims: &mut BTreeMap<String, usize>) -> Step {
        let emails: Vec<String> = write.item.email.iter().chain(&write.item.email_after).cloned().collect();
        if let Some(on) = emails.iter().find_map(|email| claims.get(email)) {
            return Step::Waiting { write, on: *on };
        }
        claims.extend(emails.into_iter().map(|email| (email, index)));
        Step::Write(write)
    }

    /// The address is another's if the operation before came to something; if it was refused, the address is free.
    async fn write_waiting(&self, steps: &mut [Step], index: usize, by: Deadline) {
        let Some(Step::Waiting { write, on }) = steps.get(index) else { return };
        let step = match steps.get(*on) {
            Some(Step::Written { id, .. }) => {
                Step::Done(Outcome::Failed(Fault::Taken { field: Some(EMAIL.into()), holders: vec![id.clone()] }))
            }
            Some(Step::Done(Outcome::Failed(Fault::Rejected { .. }))) => self.write_alone(write, by).await,
            Some(Step::Done(_) | Step::Write(_) | Step::Waiting { .. } | Step::Delete { .. } | Step::Deleted { .. }) | None => {
                Step::Done(Outcome::Failed(Fault::Conflict))
            }
        };
        set(steps, index, step);
    }

    /// Writes these steps: many in one call, and one by one those of which that call says nothing.
    async fn write_part(&self, steps: &mut [Step], owner: &str, part: &[usize], by: Deadline) {
        let items: Vec<Json> = part.iter().filter_map(|index| write_at(steps, *index)).map(|write| write.item.body.clone()).collect();
        let mut alone: Vec<usize> = part.to_vec();
        if items.len() > 1 {
            let sent: Vec<String> =
                part.iter().filter_map(|index| write_at(steps, *index)).flat_map(|write| values(&write.fields)).collect();
            match self.client.send(&calls::batch_upsert(owner, &items), &sent, by).await {
                Ok(answer) => alone = self.settle_batch(steps, part, &answer, by).await,
                // Refused as a whole: one by one it shows whose fault it was.
                Err(Trouble { error, .. }) if matches!(error.fault, Fault::Rejected { .. }) => {}
                Err(Trouble { error, .. }) => {
                    for index in part {
                        set(steps, *index, Step::Done(Outcome::Failed(error.fault.clone())));
                    }
                    return;
                }
            }
        }
        for index in alone {
            if let Some(write) = write_at(steps, index) {
                let step = self.write_alone(write, by).await;
                set(steps, index, step);
            }
        }
    }

    /// Takes over what a batch's answer says; the steps of which it says nothing.
    async fn settle_batch(&self, steps: &mut [Step], part: &[usize], answer: &Answer, by: Deadline) -> Vec<usize> {
        let ids: BTreeMap<String, RecordId> = answer
            .body
            .get("contactIds")
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(email, id)| Some((folded(email), RecordId::new(id.as_str()?))))
            .collect();
        let mut unsaid = Vec::new();
        for index in part {
            let Some(write) = write_at(steps, *index) else { continue };
            let id = [&write.item.email, &write.item.email_after].into_iter().flatten().find_map(|email| ids.get(email));
            match id {
                Some(id) => {
                    let step = self.owned(write, id.clone(), answer.at, by).await;
                    set(steps, *index, step);
                }
                None => unsaid.push(*index),
            }
        }
        unsaid
    }

    async fn write_alone(&self, write: &Write, by: Deadline) -> Step {
        let owner = write.made_as(&self.target.owner);
        let ask = match &write.id {
            Some(id) => calls::update(owner, id.as_str(), &write.item.body),
            None => calls::upsert(owner, &write.item.body),
        };
        match self.client.send(&ask, &values(&write.fields), by).await {
            Ok(answer) => match answer.body.get("contactId").and_then(Json::as_str) {
                Some(id) => self.owned(write, RecordId::new(id), answer.at, by).await,
                None => Step::Done(Outcome::Failed(Fault::Uncertain)),
            },
            Err(trouble) => Step::Done(Outcome::Failed(trouble.error.fault)),
        }
    }

    /// Gives a contact that was there before another owner. A new one is its owner's by the call that made it.
    async fn owned(&self, write: &Write, id: RecordId, mut at: Timestamp, by: Deadline) -> Step {
        // The contact was deleted between reading and writing, and the write made a new one: it is read and planned anew.
        if write.id.as_ref().is_some_and(|asked| *asked != id) {
            return Step::Done(Outcome::Failed(Fault::Conflict));
        }
        if let Some(owner) = write.item.owner.as_ref().filter(|_| write.id.is_some()) {
            let Some(email) = &write.item.email_after else {
                return Step::Done(Outcome::Failed(rejected(
                    "mainContactOwner",
                    "no_key",
                    "a contact without an e-mail address keeps its owner",
                )));
            };
            let ask = calls::set_owner(&self.target.owner, email, owner);
            match self.client.send(&ask, &values(&write.fields), by).await {
                Ok(answer) => at = answer.at,
                // The rest is written. A refusal shows in what is stored; anything else leaves it open.
                Err(trouble) if matches!(trouble.error.fault, Fault::Rejected { .. }) => {}
                Err(_) => return Step::Done(Outcome::Failed(Fault::Uncertain)),
            }
        }
        let readdress = Some(&write.item.body).filter(|_| write.item.readdresses()).cloned();
        Step::Written { id, created: write.id.is_none(), fields: write.fields.clone(), at: Some(at), readdress }
    }

    async fn delete_step(&self, step: &mut Step, by: Deadline) {
        let Step::Delete { id, email } = step else { return };
        let sent = [email.clone()];
        let after = match self.client.send(&calls::delete(&self.target.owner, email), &sent, by).await {
            Ok(answer) => Step::Deleted { id: id.clone(), proven: !answer.body.is_null() },
            Err(trouble) => Step::Done(Outcome::Failed(trouble.error.fault)),
        };
        *step = after;
    }

    /// Reads what is stored now. What cannot be read is not guessed: a write is known to be done, and whether it did all is asked later.
    async fn outcomes(&self, selection: &Selection, mut steps: Vec<Step>, by: Deadline) -> Result<Vec<Outcome>, CallError> {
        let ids: Vec<RecordId> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Written { id, .. } | Step::Deleted { id, proven: false } => Some(id.clone()),
                Step::Done(_) | Step::Write(_) | Step::Waiting { .. } | Step::Delete { .. } | Step::Deleted { .. } => None,
            })
            .collect();
        let mut stored = if ids.is_empty() { Some(BTreeMap::new()) } else { self.read_ids(ids.iter(), by).await.ok() };
        if let Some(rows) = &mut stored {
            self.readdress(&mut steps, rows, by).await;
        }
        Ok(steps.into_iter().map(|step| self.outcome(selection, step, stored.as_ref())).collect())
    }

    /// Whether a change by id takes another address is unverified, a write by the old address is documented to (fact sheet §4). It makes a contact where
    /// nobody has the old one, so it goes only after the contact was seen with it.
    async fn readdress(&self, steps: &mut [Step], stored: &mut BTreeMap<RecordId, Json>, by: Deadline) {
        for step in steps {
            let Step::Written { id, fields, at, readdress: Some(body), .. } = step else { continue };
            let now = stored.get(id).and_then(|row| row.get(EMAIL)?.as_str()).map(folded);
            let old = body.pointer("/contact/email").and_then(Json::as_str).map(folded);
            if now.is_none() || now != old || now == email_in(fields) {
                continue;
            }
            // What comes of it shows in what is stored.
            let Ok(answer) = self.client.send(&calls::upsert(&self.target.owner, body), &values(fields), by).await else { continue };
            *at = Some(answer.at);
            if let Ok(rows) = self.read_ids(std::iter::once(&*id), by).await {
                stored.extend(rows);
            }
        }
    }

    fn outcome(&self, selection: &Selection, step: Step, stored: Option<&BTreeMap<RecordId, Json>>) -> Outcome {
        match step {
            Step::Done(outcome) => outcome,
            Step::Write(_) | Step::Waiting { .. } | Step::Delete { .. } => Outcome::Failed(Fault::Uncertain),
            Step::Deleted { id, proven: true } => Outcome::Written { id, created: false, stored: None },
            Step::Deleted { id, proven: false } => match stored {
                Some(rows) if !rows.contains_key(&id) => Outcome::Written { id, created: false, stored: None },
                Some(_) | None => Outcome::Failed(Fault::Uncertain),
            },
            Step::Written { id, created, fields, at, .. } => {
                let read = stored.and_then(|rows| rows.get(&id)).and_then(|row| record(row).ok());
                let Some(mut read) = read else { return Outcome::Failed(Fault::Uncertain) };
                if at.is_some_and(|at| is_edited_since(&read, at)) {
                    // What stands there is not what became of ours: somebody's edit would pass for it, and be carried nowhere.
                    read.fields.extend(fields);
                } else if let Some(fault) = not_taken(&fields, &read, self.manner()) {
                    return Outcome::Failed(fault);
                }
                Outcome::Written { id, created, stored: selected(selection, read).ok() }
            }
        }
    }
}

/// Whether somebody changed the contact after a write that was answered in this second of the vendor's.
fn is_edited_since(read: &Record, at: Timestamp) -> bool {
    read.version.is_some_and(|version| version.0.duration_since(at) > SignedDuration::from_secs(1))
}

fn email_in(fields: &BTreeMap<FieldName, Value>) -> Option<String> {
    fields.get(EMAIL)?.as_text().ok().flatten().map(folded).filter(|email| !email.is_empty())
}

/// Whether the contact carries the value that belongs to this create alone.
fn is_ours(row: &Json, fields: &BTreeMap<FieldName, Value>, once: Option<&FieldName>) -> bool {
    let Some(once) = once else { return false };
    let wanted = fields.get(once).filter(|value| !value.is_null());
    let theirs = record(row).ok().and_then(|record| record.fields.get(once).cloned());
    wanted.is_some() && theirs.as_ref() == wanted
}

fn holder_without_id() -> Fault {
    crate::wire::drift("contacts.id", "a text", "nothing")
}

fn write_at(steps: &[Step], index: usize) -> Option<&Write> {
    match steps.get(index) {
        Some(Step::Write(write)) => Some(write),
        Some(Step::Done(_) | Step::Waiting { .. } | Step::Delete { .. } | Step::Written { .. } | Step::Deleted { .. }) | None => None,
    }
}

fn set(steps: &mut [Step], index: usize, step: Step) {
    if let Some(slot) = steps.get_mut(index) {
        *slot = step;
    }
}

/// The places of the writes, at most so many together, each part with the user in whose name it is written. A contact without an address goes alone:
/// it has no place in a batch. So does one that gets another address: a batch goes by the address, and would make a second contact where somebody
/// else has just changed it.
fn chunks(steps: &[Step], main_user: &str, most: usize) -> Vec<(String, Vec<usize>)> {
    let mut together: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut alone = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        if let Step::Write(write) = step {
            let owner = write.made_as(main_user);
            if write.item.email.is_some() && !write.item.readdresses() {
                together.entry(owner).or_default().push(index);
            } else {
                alone.push((owner.to_owned(), vec![index]));
            }
        }
    }
    let parts = together.into_iter().flat_map(|(owner, all)| {
        let parts = all.chunks(most.max(1)).map(|part| (owner.to_owned(), part.to_vec()));
        parts.collect::<Vec<_>>()
    });
    parts.chain(alone).collect()
}
