//! Listings. Agents are few, tens to some thousands, and a change of status leaves no trace in any feed: so changes are found by reading every agent
//! and every status, two calls for a hundred agents, and comparing stamps. Who is no agent any more stands in no such list; the export of changed
//! users names them, a minute late or more.

use jiff::Timestamp;
use serde_json::Value as Json;
use syncline_engine::ports::connector::{BadRecord, Cursor, Page, Resume, Selection};
use syncline_engine::ports::directory::{User, UserPage};
use syncline_model::{Deadline, Fault, Record};

use crate::agent;
use crate::calls::{self, ExportFrom, PAGE_RECORDS_MAX};
use crate::connection::Connection;
use crate::cursor::{Export, Phase, Place};
use crate::faults::drift;
use crate::presence::{Statuses, next_page};
use crate::settings::StatusApi;
use crate::status::Catalogue;

/// What stands before the vendor's own cursor in a cursor of users: its format.
const USERS_FORMAT: &str = "zendesk_support/users/1:";
/// Agents of a page where each one's state costs a call of its own.
const TALK_PAGE_RECORDS: u32 = 25;

type Row = Result<Record, BadRecord>;

/// One page of agents, and how its listing goes on.
struct Staff {
    rows: Vec<Row>,
    next: Option<String>,
    began: Timestamp,
}

impl Connection {
    /// One page of every agent.
    pub(crate) async fn all(&self, selection: &Selection, place: Place, by: Deadline) -> Result<Page, Fault> {
        let staff = self.staff(selection, &place, by).await?;
        let records =
            staff.rows.into_iter().filter(|row| row.as_ref().map_or(true, Record::is_live)).map(|row| shown(row, selection)).collect();
        let resume = match staff.next {
            Some(after) => Resume::More(Place { after: Some(after), began: Some(staff.began), ..place }.write()),
            None => Resume::CaughtUp(Place::changes(&place.kind, staff.began).write()),
        };
        Ok(Page::new(records, resume))
    }

    /// One page of what changed since the window began.
    pub(crate) async fn changes(&self, selection: &Selection, place: Place, by: Deadline) -> Result<Page, Fault> {
        match place.phase {
            Phase::Staff => {
                let since = place.since.ok_or_else(|| drift("cursor", "the window's beginning", "nothing"))?;
                let staff = self.staff(selection, &place, by).await?;
                let changed = |row: &Row| row.as_ref().map_or(true, |record| record.version.is_none_or(|version| version.0 >= since));
                let records = staff.rows.into_iter().filter(changed).map(|row| shown(row, selection)).collect();
                let next = if let Some(after) = staff.next {
                    Place { after: Some(after), began: Some(staff.began), ..place }
                } else {
                    let export = Some(place.export_or_start(staff.began));
                    Place { phase: Phase::Gone, after: None, began: Some(staff.began), export, ..place }
                };
                Ok(Page::new(records, Resume::More(next.write())))
            }
            Phase::Gone => self.gone(selection, place, by).await,
        }
    }

    /// One page of users that changed: of them, those who are no agents (any more). Most never were, and nobody knows them; that is found out
    /// without a message.
    async fn gone(&self, selection: &Selection, place: Place, by: Deadline) -> Result<Page, Fault> {
        let began = place.began.unwrap_or_else(|| self.client.now());
        let from = place.export_or_start(began);
        let ask = match &from {
            Export::Time(seconds) => calls::export(ExportFrom::Time(*seconds), PAGE_RECORDS_MAX),
            Export::Cursor(cursor) => calls::export(ExportFrom::Cursor(cursor), PAGE_RECORDS_MAX),
        };
        let page = match (self.client.read(&ask, by).await, &from) {
            (Ok(answer), _) => answer.json,
            // A cursor that is not taken any more: the export begins anew with the window.
            (Err(Fault::Rejected { .. } | Fault::Missing), Export::Cursor(_)) => {
                let start = Place { export: None, ..place.clone() }.export_or_start(began);
                let resume = Resume::More(Place { export: Some(start), ..place }.write());
                return Ok(Page::new(Vec::new(), resume));
            }
            (Err(fault), _) => return Err(fault),
        };
        let users = page.get("users").and_then(Json::as_array).ok_or_else(|| drift("users", "a list of users", "something else"))?;
        let ended = page.get("end_of_stream").and_then(Json::as_bool);
        let ended = ended.ok_or_else(|| drift("end_of_stream", "a boolean", "something else"))?;
        let mut records: Vec<Row> = Vec::new();
        for user in users.iter().filter(|user| !agent::is_staff(user)) {
            // A customer's row that cannot be read is nobody's concern here.
            if let Ok(mut record) = agent::read(&selection.kind, user) {
                record.fields.clear();
                records.push(Ok(record));
            }
        }
        let cursor = page.get("after_cursor").and_then(Json::as_str).filter(|cursor| !cursor.is_empty());
        let export = match cursor {
            Some(cursor) => Export::Cursor(cursor.to_owned()),
            None if ended => from.clone(),
            None => return Err(drift("after_cursor", "a text", "nothing, and the stream has not ended")),
        };
        let stands_still = export == from;
        let next = Place { export: Some(export), ..place };
        let resume = match (ended, stands_still) {
            (true, _) => Resume::CaughtUp(next.next_window(began).write()),
            (false, true) => return Err(drift("after_cursor", "a cursor that advances", "the one that was sent")),
            (false, false) => Resume::More(next.write()),
        };
        Ok(Page::new(records, resume))
    }

    /// One page of agents with their statuses, where those are wanted.
    async fn staff(&self, selection: &Selection, place: &Place, by: Deadline) -> Result<Staff, Fault> {
        let api = if agent::needs_status(selection) { Some(self.status_api(by).await?) } else { None };
        let rows = if api == Some(StatusApi::Talk) { TALK_PAGE_RECORDS } else { PAGE_RECORDS_MAX };
        let answer = self.client.read(&calls::staff(rows, place.after.as_deref()), by).await?;
        let began = place.began.unwrap_or_else(|| answer.date.unwrap_or_else(|| self.client.now()));
        let users = answer.json.get("users").and_then(Json::as_array).ok_or_else(|| drift("users", "a list of users", "something else"))?;
        let next = next_page(&answer.json)?;
        let mut rows: Vec<Row> = users.iter().map(|user| agent::read(&selection.kind, user)).collect();
        match api {
            None => {}
            Some(StatusApi::Unified) => {
                let statuses = self.all_statuses(began, place.after.is_none(), by).await?;
                let catalogue = self.catalogue_for(statuses.values(), by).await?;
                add_statuses(&mut rows, &statuses, &catalogue);
            }
            Some(StatusApi::Talk) => {
                let mut statuses = Statuses::new();
                for record in rows.iter().flatten().filter(|record| record.is_live()) {
                    if let Some(status) = self.status_of(StatusApi::Talk, &record.id, by).await? {
                        statuses.insert(record.id.to_string(), status);
                    }
                }
                add_statuses(&mut rows, &statuses, &Catalogue::default());
            }
        }
        Ok(Staff { rows, next, began })
    }

    /// One page of agents as users, to whom tickets and people can be given. Who is suspended cannot sign in, and is given nothing.
    pub(crate) async fn people(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, Fault> {
        let after = match from {
            None => None,
            Some(cursor) => {
                let after = cursor.0.strip_prefix(USERS_FORMAT).filter(|after| !after.is_empty());
                Some(after.ok_or_else(|| drift("cursor", "a cursor of users, format 1", "something else"))?)
            }
        };
        let page = self.client.read(&calls::staff(PAGE_RECORDS_MAX, after), by).await?.json;
        let rows = page.get("users").and_then(Json::as_array).ok_or_else(|| drift("users", "a list of users", "something else"))?;
        let user = |row: &Json| {
            let email = row.get("email").and_then(Json::as_str).filter(|email| !email.is_empty());
            let active = agent::is_staff(row) && row.get("suspended").and_then(Json::as_bool) != Some(true);
            Some(User { id: agent::record_id(row.get("id")?)?, email: email.map(str::to_owned), active })
        };
        let users = rows.iter().filter_map(user).collect();
        Ok(UserPage { users, next: next_page(&page)?.map(|after| Cursor(format!("{USERS_FORMAT}{after}"))) })
    }

    /// Every agent, without statuses: for looking people up.
    pub(crate) async fn everybody(&self, selection: &Selection, pages_max: u32, by: Deadline) -> Result<Vec<Record>, Fault> {
        let mut everybody = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..pages_max {
            let page = self.client.read(&calls::staff(PAGE_RECORDS_MAX, after.as_deref()), by).await?.json;
            let users = page.get("users").and_then(Json::as_array).ok_or_else(|| drift("users", "a list of users", "something else"))?;
            everybody.extend(users.iter().filter_map(|user| agent::read(&selection.kind, user).ok()).filter(Record::is_live));
            after = next_page(&page)?;
            if after.is_none() {
                return Ok(everybody);
            }
        }
        Err(crate::connection::unsupported("look-up among so many agents"))
    }
}

fn add_statuses(rows: &mut [Row], statuses: &Statuses, catalogue: &Catalogue) {
    for record in rows.iter_mut().flatten() {
        agent::add_status(record, statuses.get(record.id.as_str()), catalogue);
    }
}

fn shown(row: Row, selection: &Selection) -> Row {
    row.map(|record| agent::select(record, selection))
}
