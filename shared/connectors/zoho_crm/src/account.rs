//! Whose account it is, what our user may do, and what of the settings does not fit it.

use serde_json::Value as Json;
use syncline_engine::ports::connector::{Account, Rights};
use syncline_model::{Deadline, Fault};

use crate::calls;
use crate::connection::Connection;
use crate::faults::drift;
use crate::object::Module;
use crate::settings::Demoted;
use crate::users;

impl Connection {
    pub(crate) async fn who(&self, by: Deadline) -> Result<Account, Fault> {
        let answer = self.client.read(&calls::organization(), by).await?.json.unwrap_or(Json::Null);
        let org = answer.get("org").and_then(|list| list.get(0).or(Some(list))).filter(|org| org.is_object());
        let org = org.ok_or_else(|| drift("org", "an organisation", "something else"))?;
        let text = |name: &str| org.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        let id = text("zgid").or_else(|| text("id")).ok_or_else(|| drift("org.id", "a text", "something else"))?;
        let mut account = Account {
            id: id.to_owned(),
            name: text("company_name").unwrap_or(id).to_owned(),
            user: String::new(),
            notes: Vec::new(),
            problems: Vec::new(),
            rights: Rights::NotTold,
            companion: None,
        };
        if let Some(zone) = text("time_zone") {
            account.notes.push(format!("The account's time zone is {zone}."));
        }
        let licence = org.get("license_details").and_then(|own| own.get("paid_type").or_else(|| own.get("edition")));
        match licence.and_then(Json::as_str) {
            Some(edition) => {
                account.notes.push(format!("The account's edition is {edition}: set `edition` and `user_licences` accordingly."));
            }
            None => account.notes.push("The account does not tell its edition: set `edition` and `user_licences` yourself.".to_owned()),
        }
        self.about_user(&mut account, by).await?;
        self.about_link(&mut account, by).await?;
        Ok(account)
    }

    async fn about_user(&self, account: &mut Account, by: Deadline) -> Result<(), Fault> {
        let answer = self.client.read(&calls::current_user(), by).await?.json.unwrap_or(Json::Null);
        let me = users::users_of(&answer)?.first().ok_or_else(|| drift("users", "our user", "an empty list"))?;
        let me = users::read(me)?;
        account.user = me.email.clone().unwrap_or_else(|| me.name.clone());
        account.rights = if me.profile.eq_ignore_ascii_case("Administrator") { Rights::Administrator } else { Rights::Lesser };
        account.notes.push(format!("Our user has the profile {}.", me.profile));
        if !me.active {
            account.problems.push("Our user is not active: sign in as another.".to_owned());
        }
        Ok(())
    }

    async fn about_link(&self, account: &mut Account, by: Deadline) -> Result<(), Fault> {
        let Some(link) = &self.target.link_field else {
            account.notes.push("No `link_field` is set: contacts cannot be turned back into leads.".to_owned());
            return Ok(());
        };
        for module in [Module::Leads, Module::Contacts] {
            let schema = self.module_schema(module, by).await?;
            if !schema.has(link) {
                account.notes.push(format!("{} have no field {link} yet: `syncline provision` makes it.", module.name()));
            } else if !schema.is_unique(link) {
                account.notes.push(format!(
                    "The field {link} of {} takes one value twice: creating is looked up first, and costs more. Mark it as unique in Zoho.",
                    module.plural()
                ));
            }
        }
        account.notes.push(match self.target.demoted {
            Demoted::Keep => format!("A contact that is turned into a lead stays, and its {link} then names the lead."),
            Demoted::Remove => "A contact that is turned into a lead goes into the bin, with its notes, activities and deals.".to_owned(),
        });
        Ok(())
    }
}
