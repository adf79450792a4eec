//! People who change modules: a lead is converted into a contact, and a contact is turned into a lead, which the vendor cannot (fact sheet §5).
//!
//! Both can be asked for again after a crash at any point. A converted lead names its contact. A contact that was turned into a lead names the lead in
//! its own link field, where the other system's id stood: so it is no longer that system's record, and reading it says where the person is.
//! The lead is made through the link field, so that it is found and not made twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use syncline_engine::ports::connector::Selection;
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Deadline, Fault, FieldName, Value};

use crate::batch::{Batch, Row, Taken, with_id};
use crate::calls::{self, FIELDS_MAX};
use crate::connection::Connection;
use crate::faults::{has_code, of_row, refused};
use crate::object::{ACCOUNT, COMPANY, Module, Object, is_bare, paired};
use crate::schema::ModuleSchema;
use crate::settings::Demoted;
use crate::values;
use crate::wire::{CONVERTED_CONTACT, MODIFIED, converted_contact, forward, is_converted};
use crate::writing::{Companies, Fields, company, row, written};

const CONVERTED_ALREADY: &str = "ID_ALREADY_CONVERTED";
const EMAIL_OPT_OUT: &str = "Email_Opt_Out";

/// Why a move has not happened.
struct Stopped {
    fault: Fault,
    unheard: bool,
}

impl Stopped {
    /// By a question, before anything was written.
    fn asking(fault: Fault) -> Self {
        Self { fault, unheard: true }
    }

    /// By what was found out: asking again would find the same.
    fn known(fault: Fault) -> Self {
        Self { fault, unheard: false }
    }
}

/// The metadata of both modules.
struct Both {
    leads: Arc<ModuleSchema>,
    contacts: Arc<ModuleSchema>,
}

impl Both {
    /// The fields that both have, by the lead's name and the contact's, and that can be written in the one that is written.
    fn common(&self, into: Module) -> Vec<(String, String)> {
        let pairs = self.leads.iter().filter_map(|lead| {
            let name = lead.name.as_str();
            let contact = &self.contacts.field(paired(name).unwrap_or(name))?.schema;
            let same = std::mem::discriminant(&lead.field_type) == std::mem::discriminant(&contact.field_type);
            let writable = match into {
                Module::Contacts => contact.updatable,
                Module::Leads | Module::Accounts => lead.creatable && lead.updatable,
            };
            (same && writable).then(|| (name.to_owned(), contact.name.to_string()))
        });
        pairs.collect()
    }
}

/// The records that the vendor says are the same as a lead, and as its company.
struct Same {
    contact: Option<String>,
    account: Option<String>,
}

impl Connection {
    /// A lead becomes a contact.
    pub(crate) async fn promote(&self, place: usize, lead: &str, fields: &Fields, selection: &Selection, batch: &mut Batch, by: Deadline) {
        match self.promoted(lead, fields, selection, batch, by).await {
            Ok(contact) => batch.set(place, written(Object::Person, Module::Contacts, &contact, false)),
            Err(stopped) => stop(place, stopped, batch),
        }
    }

    async fn promoted(
        &self,
        lead: &str,
        fields: &Fields,
        selection: &Selection,
        batch: &mut Batch,
        by: Deadline,
    ) -> Result<String, Stopped> {
        let both = self.both(by).await?;
        let common = both.common(Module::Contacts);
        let wanted = common.iter().map(|(lead, _)| lead.clone()).chain([CONVERTED_CONTACT.to_owned(), COMPANY.to_owned()]);
        let before = self.whole_row(Module::Leads, lead, wanted, by).await?;
        let link = self.link_of(&both, selection);
        // What is left to be written once the contact is the person.
        let mut rest = None;
        let contact = match converted_contact(&before) {
            Some(contact) => contact,
            None if is_converted(&before) => return Err(Stopped::known(Fault::Conflict)),
            None => {
                // What the vendor refuses of the fields, it refuses before anything has moved.
                let own = row(Object::Person, Module::Leads, fields, &both.leads, &Companies::new()).map_err(Stopped::known)?;
                if !own.is_empty() {
                    self.change(Module::Leads, lead, own, batch, by).await?;
                }
                match self.same(lead, by).await? {
                    None => self.contact_of(lead, by).await?,
                    Some(same) => {
                        // From the first moment that a contact who stayed is the person again, it shows what the lead did: also where the vendor puts the
                        // conversion off, or we end here. Who reads it then would take what it showed before for somebody's edits.
                        if let (Some(stayed), Some(link)) = (&same.contact, &link)
                            && self.came_from(stayed, lead, link, by).await?
                        {
                            let mut members = self.carried(&both, &before, fields, true, batch, by).await?;
                            let own = members.remove_entry(link);
                            if !members.is_empty() {
                                self.change(Module::Contacts, stayed, members, batch, by).await?;
                            }
                            rest = Some(Map::from_iter(own));
                        }
                        self.converted(lead, &same, batch, by).await?
                    }
                }
            }
        };
        let rest = match (rest, &link) {
            (Some(rest), _) => rest,
            (None, Some(link)) => {
                let is_back = self.came_from(&contact, lead, link, by).await?;
                self.carried(&both, &before, fields, is_back, batch, by).await?
            }
            (None, None) => self.carried(&both, &before, fields, false, batch, by).await?,
        };
        if !rest.is_empty() {
            self.change(Module::Contacts, &contact, rest, batch, by).await?;
        }
        Ok(contact)
    }

    /// What a contact shall show who was this lead. `is_back`: the lead was made of that very contact.
    async fn carried(
        &self,
        both: &Both,
        before: &Json,
        fields: &Fields,
        is_back: bool,
        batch: &mut Batch,
        by: Deadline,
    ) -> Result<Map<String, Json>, Stopped> {
        let mut members: Map<String, Json> = Map::new();
        let taken_along = both.common(Module::Leads);
        for (lead, contact) in both.common(Module::Contacts) {
            match before.get(&lead) {
                // What the lead had from the contact, and was emptied since.
                Some(Json::Null) if is_back && taken_along.iter().any(|(name, _)| *name == lead) => {
                    members.insert(contact, Json::Null);
                }
                None | Some(Json::Null) => {}
                // A person who opted out as a contact stays so, unless the lead was made of that very contact, and says what came later.
                Some(Json::Bool(false)) if lead == EMAIL_OPT_OUT && !is_back => {}
                Some(value) => drop(members.insert(contact, plain(value))),
            }
        }
        let mut fields = fields.clone();
        // The account of a contact that stayed is the one of before.
        if let Some(name) = before.get(COMPANY).and_then(Json::as_str).filter(|name| is_back && *name != self.target.default_company) {
            fields.entry(FieldName::new(COMPANY)).or_insert_with(|| Value::text(name));
        }
        let names: BTreeSet<String> = company(Object::Person, Module::Contacts, &fields).into_iter().collect();
        let companies = self.accounts(names, batch, by).await;
        members.extend(row(Object::Person, Module::Contacts, &fields, &both.contacts, &companies).map_err(Stopped::known)?);
        Ok(members)
    }

    /// Who the vendor says is the same: a lead is converted into the one contact that is the same person, where there is one, else there would be
    /// two. `None`: the lead has been converted.
    async fn same(&self, lead: &str, by: Deadline) -> Result<Option<Same>, Stopped> {
        let options = match self.client.read(&calls::conversion_options(lead), by).await {
            Err(fault) if has_code(&fault, &[CONVERTED_ALREADY]) => return Ok(None),
            other => other.map_err(Stopped::asking)?.json.unwrap_or(Json::Null),
        };
        let options = options.get("__conversion_options").unwrap_or(&options);
        let matching = |name: &str| -> Vec<String> {
            let listed = options.get(name).and_then(Json::as_array).into_iter().flatten();
            listed.filter_map(|own| own.get("id")?.as_str().filter(|id| is_bare(id)).map(str::to_owned)).collect()
        };
        let (contacts, accounts) = (matching("Contacts"), matching("Accounts"));
        if contacts.len() > 1 {
            let ids: Vec<String> = contacts.iter().map(|id| Object::Person.id(Module::Contacts, id).to_string()).collect();
            let words = format!(
                "several contacts are the same person as this lead: {}; merge them in Zoho, or convert the lead there",
                ids.join(", ")
            );
            return Err(Stopped::known(refused(None, "ambiguous_contact", words)));
        }
        let account = if let [one] = accounts.as_slice() { Some(one.clone()) } else { None };
        Ok(Some(Same { contact: contacts.into_iter().next(), account }))
    }

    /// The contact that the lead is from now on.
    async fn converted(&self, lead: &str, same: &Same, batch: &mut Batch, by: Deadline) -> Result<String, Stopped> {
        let ask = calls::convert(lead, same.contact.as_deref(), same.account.as_deref());
        let answer = match self.client.send(&ask, &[], by).await {
            Err(trouble) => {
                batch.heard |= !trouble.unheard;
                if has_code(&trouble.fault, &[CONVERTED_ALREADY]) {
                    return self.contact_of(lead, by).await;
                }
                return Err(Stopped { fault: trouble.fault, unheard: trouble.unheard });
            }
            Ok(answer) => answer,
        };
        batch.heard = true;
        let json = answer.json.unwrap_or(Json::Null);
        let first = json.get("data").and_then(|rows| rows.get(0)).unwrap_or(&Json::Null);
        // Version 8 has it under `details`, version 2 beside (fact sheet §5: documented, recorded).
        let contact = first.get("details").and_then(|details| details.get("Contacts")).or_else(|| first.get("Contacts"));
        if let Some(id) = contact.and_then(|contact| contact.get("id").unwrap_or(contact).as_str()).filter(|id| is_bare(id)) {
            return Ok(id.to_owned());
        }
        match first.get("code").and_then(Json::as_str) {
            Some(CONVERTED_ALREADY) => self.contact_of(lead, by).await,
            // Under way, or an answer that tells nothing: reading the lead does.
            Some("SCHEDULED" | "SUCCESS") | None => Err(Stopped::known(Fault::Uncertain)),
            Some(_) => Err(Stopped::known(of_row(first, self.client.now(), &[]))),
        }
    }

    /// Whether this contact was turned into that lead before.
    async fn came_from(&self, contact: &str, lead: &str, link: &str, by: Deadline) -> Result<bool, Stopped> {
        let row = self.whole_row(Module::Contacts, contact, std::iter::once(link.to_owned()), by).await?;
        Ok(row.get(link).and_then(Json::as_str) == Some(forward(lead).as_str()))
    }

    async fn contact_of(&self, lead: &str, by: Deadline) -> Result<String, Stopped> {
        let row = self.whole_row(Module::Leads, lead, [CONVERTED_CONTACT.to_owned()].into_iter(), by).await?;
        // A conversion that was put off: the lead is closed, and has no contact yet.
        converted_contact(&row).ok_or_else(|| Stopped::known(Fault::Transient { detail: "the lead's conversion is under way".to_owned() }))
    }

    /// A contact becomes a lead.
    pub(crate) async fn demote(
        &self,
        place: usize,
        contact: &str,
        fields: &Fields,
        selection: &Selection,
        batch: &mut Batch,
        by: Deadline,
    ) {
        match self.demoted(contact, fields, selection, batch, by).await {
            Ok(lead) => batch.set(place, written(Object::Person, Module::Leads, &lead, false)),
            Err(stopped) => stop(place, stopped, batch),
        }
    }

    async fn demoted(
        &self,
        contact: &str,
        fields: &Fields,
        selection: &Selection,
        batch: &mut Batch,
        by: Deadline,
    ) -> Result<String, Stopped> {
        let both = self.both(by).await?;
        let link = self.link_of(&both, selection).ok_or_else(|| {
            let words =
                "a contact is turned into a lead only with a field that tells afterwards where it went: set `link_field` of the connection";
            Stopped::known(refused(Some(crate::object::MODULE), "no_link_field", words))
        })?;
        let common = both.common(Module::Leads);
        let wanted = common.iter().map(|(_, contact)| contact.clone()).chain([link.clone(), ACCOUNT.to_owned(), MODIFIED.to_owned()]);
        let mut before = self.whole_row(Module::Contacts, contact, wanted, by).await?;
        // Who was a lead before, and came back, becomes one anew.
        self.forget_old_marks(Object::Person, Module::Contacts, std::slice::from_mut(&mut before), by).await.map_err(Stopped::asking)?;
        let own = row(Object::Person, Module::Leads, fields, &both.leads, &Companies::new()).map_err(Stopped::known)?;
        let value = before.get(&link).and_then(Json::as_str).filter(|value| !value.is_empty());
        if let Some((Module::Leads, lead)) = value.and_then(|value| Object::Person.place(&value.into())) {
            // It has been done before.
            if !own.is_empty() {
                self.change(Module::Leads, &lead, own, batch, by).await?;
            }
            return Ok(lead);
        }
        let value = match (value, own.get(&link).and_then(Json::as_str).filter(|given| !given.is_empty())) {
            (Some(value), _) => value.to_owned(),
            // Whoever asks for the same at once finds the lead by what the two carry, whatever becomes of the lead meanwhile.
            (None, Some(given)) => {
                // Unless they have just done it: that would take away what tells where the person went.
                let unmodified_since = before.get(MODIFIED).and_then(Json::as_str).and_then(values::moment);
                let ask =
                    |rows: &[Json]| calls::Ask { unmodified_since, ..calls::update(Module::Contacts, rows, self.target.run_workflows) };
                let lent = with_id(contact, Map::from_iter([(link.clone(), json!(given))]));
                taken(self.client.send_rows(Object::Person, Module::Contacts, &[lent], ask, by).await, batch)?;
                given.to_owned()
            }
            // A contact without a value there lends the lead its own id, by which it is found again.
            (None, None) => Object::Person.id(Module::Contacts, contact).to_string(),
        };
        let mut members: Map<String, Json> = Map::new();
        for (lead, contact) in &common {
            match before.get(contact) {
                None | Some(Json::Null) => {}
                Some(value) => drop(members.insert(lead.clone(), plain(value))),
            }
        }
        let account = before.get(ACCOUNT).and_then(|account| account.get("name")).and_then(Json::as_str).filter(|name| !name.is_empty());
        if both.leads.has(COMPANY) {
            members.insert(COMPANY.to_owned(), json!(account.unwrap_or(&self.target.default_company)));
        }
        members.extend(own);
        if members.get(COMPANY).is_some_and(Json::is_null) {
            members.insert(COMPANY.to_owned(), json!(self.target.default_company));
        }
        members.insert(link.clone(), json!(value));
        let lead = self.lead_with(&both, &link, &value, members, batch, by).await?;
        let mark = Map::from_iter([(link, json!(forward(&lead)))]);
        if !planted(Mutant::MoveUnmarked) {
            self.change(Module::Contacts, contact, mark, batch, by).await?;
        }
        if self.target.demoted == Demoted::Remove {
            let ask = |rows: &[Json]| {
                let ids: Vec<String> = rows.iter().filter_map(Json::as_str).map(str::to_owned).collect();
                calls::delete(Module::Contacts, &ids, self.target.run_workflows)
            };
            let gone = self.client.send_rows(Object::Person, Module::Contacts, &[json!(contact)], ask, by).await;
            // A contact that cannot be removed stays, and tells where the person is.
            if let Some(Err(kept)) = gone.first() {
                tracing::warn!(fault = kept.fault.code(), "a contact that was turned into a lead could not be removed");
            }
        }
        Ok(lead)
    }

    /// The lead with this value in the link field: made, unless it was before.
    async fn lead_with(
        &self,
        both: &Both,
        link: &str,
        value: &str,
        members: Map<String, Json>,
        batch: &mut Batch,
        by: Deadline,
    ) -> Result<String, Stopped> {
        let workflows = self.target.run_workflows;
        let rows = [Json::Object(members.clone())];
        let made = if both.leads.is_unique(link) {
            let ask = |rows: &[Json]| calls::upsert(Module::Leads, rows, link, workflows);
            self.client.send_rows(Object::Person, Module::Leads, &rows, ask, by).await
        } else {
            let there = self.ids_carrying(Module::Leads, link, value, by).await.map_err(Stopped::asking)?;
            if let Some(id) = there.into_iter().next() {
                self.change(Module::Leads, &id, members, batch, by).await?;
                return Ok(id);
            }
            let ask = |rows: &[Json]| calls::insert(Module::Leads, rows, workflows);
            self.client.send_rows(Object::Person, Module::Leads, &rows, ask, by).await
        };
        let made = taken(made, batch)?;
        Ok(made.id)
    }

    /// The field that carries the other system's id: as configured, else the one of the selection that is the customer's own and unique in both modules.
    fn link_of(&self, both: &Both, selection: &Selection) -> Option<String> {
        let stands = |name: &&str| both.leads.has(name) && both.contacts.has(name);
        if let Some(name) = &self.target.link_field {
            return Some(name.as_str()).filter(stands).map(str::to_owned);
        }
        let names = selection.fields.iter().map(syncline_model::FieldName::as_str);
        let own = |name: &&str| {
            both.leads.field(name).is_some_and(|field| field.schema.custom) && both.leads.is_unique(name) && both.contacts.is_unique(name)
        };
        let mut candidates = names.filter(stands).filter(own);
        candidates.next().filter(|_| candidates.next().is_none()).map(str::to_owned)
    }

    async fn both(&self, by: Deadline) -> Result<Both, Stopped> {
        let leads = self.module_schema(Module::Leads, by).await.map_err(Stopped::asking)?;
        let contacts = self.module_schema(Module::Contacts, by).await.map_err(Stopped::asking)?;
        Ok(Both { leads, contacts })
    }

    async fn whole_row(&self, module: Module, id: &str, wanted: impl Iterator<Item = String>, by: Deadline) -> Result<Json, Stopped> {
        let wanted: Vec<String> = wanted.collect::<BTreeSet<_>>().into_iter().collect();
        let id = [id.to_owned()];
        let mut whole: BTreeMap<String, Json> = BTreeMap::new();
        for fields in wanted.chunks(FIELDS_MAX) {
            let rows = self.rows_by_ids(module, &id, fields, by).await.map_err(Stopped::asking)?;
            let row = rows.into_values().next().ok_or_else(|| Stopped::known(Fault::Missing))?;
            whole.extend(row.as_object().cloned().into_iter().flatten());
        }
        Ok(Json::Object(whole.into_iter().collect()))
    }

    async fn change(&self, module: Module, id: &str, members: Map<String, Json>, batch: &mut Batch, by: Deadline) -> Result<(), Stopped> {
        let ask = |rows: &[Json]| calls::update(module, rows, self.target.run_workflows);
        let answered = self.client.send_rows(Object::Person, module, &[with_id(id, members)], ask, by).await;
        taken(answered, batch).map(drop)
    }
}

/// What became of the one row.
fn taken(mut answered: Vec<Row>, batch: &mut Batch) -> Result<Taken, Stopped> {
    match answered.pop() {
        Some(Ok(taken)) => {
            batch.heard = true;
            Ok(taken)
        }
        Some(Err(refused)) => {
            batch.heard |= !refused.unheard;
            Err(Stopped { fault: refused.fault, unheard: refused.unheard })
        }
        None => Err(Stopped::known(Fault::Uncertain)),
    }
}

fn stop(place: usize, stopped: Stopped, batch: &mut Batch) {
    if stopped.unheard { batch.fail_unheard(place, stopped.fault) } else { batch.fail(place, stopped.fault) }
}

/// A value as it is read, as it is written: lookups by their id alone.
fn plain(value: &Json) -> Json {
    if let Some(id) = value.get("id") {
        return json!({ "id": id });
    }
    value.as_str().and_then(values::moment).map_or_else(|| value.clone(), |at| json!(calls::stamp(at)))
}
