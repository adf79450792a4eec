//! Whose account it is, which plan it seems to have, and what follows from that. No answer names the plan: it is probed.

use serde_json::Value as Json;
use syncline_engine::ports::connector::{Account, Companion, Rights};
use syncline_model::{Deadline, Fault};

use crate::calls::{self, TOP};
use crate::client::Streamed;
use crate::connection::Connection;
use crate::faults::drift;
use crate::fields::Kind;
use crate::wire::{id, single};

impl Connection {
    pub(crate) async fn who(&self, by: Deadline) -> Result<Account, Fault> {
        let me = self.client.read(&calls::me(), by).await?.json;
        let me = single(&me)?;
        let own = self.client.read(&calls::account(), by).await?.json;
        let own = single(&own)?;
        let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let number = own.get("id").and_then(id).ok_or_else(|| drift("data.id", "an account's number", "something else"))?;
        let name = text(own, "name").unwrap_or_else(|| format!("account {number}"));
        let user = text(me, "email").or_else(|| text(me, "name")).unwrap_or_else(|| "a user without a name".to_owned());
        let mut account =
            Account { id: number, name, user, notes: Vec::new(), problems: Vec::new(), rights: Rights::NotTold, companion: None };
        // The account of the platform that this one is joined to, as Zendesk Support names itself.
        let joined = text(own, "subdomain").map(|subdomain| format!("{subdomain}.zendesk.com"));
        account.companion = Some(Companion { system: "zendesk_support", account: joined });
        account.rights = match text(me, "role").as_deref() {
            Some("admin") => Rights::Administrator,
            Some(_) => Rights::Lesser,
            None => Rights::NotTold,
        };
        match text(own, "subdomain") {
            Some(subdomain) => account.notes.push(format!("The account is part of the Zendesk platform, as {subdomain}.zendesk.com.")),
            None => account.notes.push("A legacy account: it is not connected to the Zendesk platform.".to_owned()),
        }
        if text(me, "role").is_some_and(|role| role != "admin") {
            account.problems.push("Our user is no administrator: it sees a part of the records only. Give it that role.".to_owned());
        }
        if text(me, "status").is_some_and(|status| status == "inactive") {
            account.problems.push("Our user is inactive: make it active in Sell, or sign in as another.".to_owned());
        }
        account.notes.push(self.about_plan(by).await?);
        account
            .notes
            .push("Zendesk ends Sell on 2027-08-31. What was copied stays when it stops answering; nothing is deleted then.".to_owned());
        Ok(account)
    }

    async fn about_plan(&self, by: Deadline) -> Result<String, Fault> {
        let note = match self.client.stream(Kind::Contact, TOP, 1, by).await {
            Ok(Streamed::Page { .. }) => {
                "Firehose answers (plan Growth or higher): changes and deletions come through it at every run. Records deleted while it \
                 could not be read are found by the sweep."
            }
            Ok(Streamed::TooOld | Streamed::NotOffered) => {
                "Firehose does not answer: the plan is Team, or the token is not the root user's. Changes are listed, deletions are found by \
                 the sweep alone, and appointments cannot be read: those need the plan Growth and the root user's token. After an upgrade \
                 Firehose is used from the next run on."
            }
            Err(Fault::Transient { .. } | Fault::Drift { .. }) => {
                "Whether Firehose can be read could not be told just now; each run goes on as it did before."
            }
            Err(fault) => return Err(fault),
        };
        Ok(note.to_owned())
    }
}
