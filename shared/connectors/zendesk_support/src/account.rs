//! Whose account it is, what its user may do, and what of it is needed.
//!
//! Who owns the account stands in no answer (fact sheet §0, §8): that is told here, not asked.

use serde_json::Value as Json;
use syncline_engine::ports::connector::{Account, Rights};
use syncline_model::{Deadline, Fault};

use crate::agent::record_id;
use crate::calls;
use crate::connection::Connection;
use crate::faults::drift;
use crate::settings::StatusApi;

/// What a `role_type` is called (fact sheet §2.1).
pub(crate) const ROLE_TYPES: [&str; 6] =
    ["custom agent", "light agent", "chat agent", "contributor", "administrator", "billing administrator"];

impl Connection {
    pub(crate) async fn who(&self, by: Deadline) -> Result<Account, Fault> {
        let me = self.client.read(&calls::me(), by).await?.json;
        let me = me.get("user").filter(|user| user.is_object()).ok_or_else(|| drift("user", "a user", "something else"))?;
        // Without a valid token the vendor answers 200 with an anonymous user (fact sheet §0).
        let id = me.get("id").and_then(record_id).ok_or_else(|| Fault::AuthRefused {
            hint: "Zendesk takes us for nobody: the token is not valid for this account".to_owned(),
        })?;
        let text = |name: &str| me.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        let user = text("email").or_else(|| text("name")).unwrap_or("a user without a name").to_owned();
        let mut account = Account {
            id: self.target.host.clone(),
            name: self.target.host.clone(),
            user,
            notes: Vec::new(),
            problems: Vec::new(),
            rights: Rights::NotTold,
            companion: None,
        };
        about_role(&mut account, me);
        let settings = self.client.read(&calls::account_settings(), by).await?.json;
        let settings = settings.get("settings").filter(|own| own.is_object());
        about_products(&mut account, settings.ok_or_else(|| drift("settings", "an object", "something else"))?);
        self.forget_status_api();
        match self.status_api(by).await? {
            StatusApi::Unified => {
                let own = self.catalogue_anew(by).await?.choices().len().saturating_sub(crate::status::DEFAULTS.len());
                account.notes.push(format!("Omnichannel routing: agents have one status, and the account has {own} statuses of its own."));
            }
            StatusApi::Talk => {
                account.notes.push("No omnichannel routing: statuses are those of Talk; each agent costs one call a listing.".to_owned());
            }
        }
        self.about_licence(&mut account, id.as_str(), by).await?;
        account.notes.push(
            "No API names the account's owner: see Admin Center, Account, Billing, Contacts. When the owner changes, sign in anew."
                .to_owned(),
        );
        Ok(account)
    }

    /// Talk Partner Edition (fact sheet §5.5, §6): no answer names the licence. That Talk's API answers for our own user is as near as one comes
    /// without changing anything.
    async fn about_licence(&self, account: &mut Account, me: &str, by: Deadline) -> Result<(), Fault> {
        let answers = match self.client.read(&calls::talk_availability(me), by).await {
            Ok(_) => true,
            Err(Fault::Missing | Fault::Rejected { .. } | Fault::Unsupported { .. } | Fault::AuthRefused { .. }) => false,
            Err(fault) => return Err(fault),
        };
        let line = match (answers, self.target.licence_is_confirmed) {
            (_, true) => "Talk Partner Edition: confirmed in the settings.",
            (true, false) => {
                "Talk answers. Whether the agents have Talk Partner Edition, no API tells: look in Admin Center, then set `talk_partner_edition: true`."
            }
            (false, false) => {
                account.problems.push(
                    "Talk does not answer for our user: agents need the Talk Partner Edition licence. Buy it or assign it in Admin Center; if \
                     they have it, set `talk_partner_edition: true`."
                        .to_owned(),
                );
                return Ok(());
            }
        };
        account.notes.push(line.to_owned());
        Ok(())
    }
}

fn about_role(account: &mut Account, me: &Json) {
    let role = me.get("role").and_then(Json::as_str).unwrap_or("unknown");
    let role_type = me.get("role_type").and_then(Json::as_u64).and_then(|index| ROLE_TYPES.get(usize::try_from(index).ok()?));
    match role_type {
        Some(role_type) => account.notes.push(format!("Our user's role is {role} ({role_type}).")),
        None => account.notes.push(format!("Our user's role is {role}.")),
    }
    account.rights = if role == "admin" { Rights::Administrator } else { Rights::Lesser };
    if role != "admin" {
        account
            .problems
            .push("Our user is no administrator: statuses of others and the export of users need one. Give it that role.".to_owned());
    }
    if me.get("suspended").and_then(Json::as_bool) == Some(true) {
        account.problems.push("Our user is suspended: lift that in Admin Center, or sign in as another.".to_owned());
    }
}

fn about_products(account: &mut Account, settings: &Json) {
    let flag = |part: &str, name: &str| settings.get(part).and_then(|part| part.get(name)).and_then(Json::as_bool);
    let products = [("voice", "Talk"), ("chat", "Chat"), ("light_agents", "light agents")];
    let there: Vec<&str> =
        products.iter().filter(|(name, _)| flag("active_features", name) == Some(true)).map(|(_, title)| *title).collect();
    let there = if there.is_empty() { "none of Talk, Chat, light agents".to_owned() } else { there.join(", ") };
    account.notes.push(format!("Products beside Support: {there}."));
    if flag("agents", "agent_workspace") == Some(false) && flag("routing", "enabled") == Some(true) {
        account.problems.push("Unified statuses need the Agent Workspace: activate it in Admin Center, Workspaces.".to_owned());
    }
    if flag("agents", "idle_timeout_enabled") == Some(true) {
        account.notes.push("Idle agents are set offline by Zendesk itself: such changes are synced like any other.".to_owned());
    }
}
