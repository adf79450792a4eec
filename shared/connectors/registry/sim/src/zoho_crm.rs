//! Zoho CRM's simulator: an organisation whose people are also seen as persons, whichever module they stand in.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde_json::{Value as Json, json};
use syncline_model::Timestamp;
use syncline_simulator::{Fields, Population, Request, Response, Simulator, Strain, Users};
use syncline_zoho_crm_sim::{
    ACCOUNTS, ADDRESS_PAIRS, CLIENT_ID, CLIENT_SECRET, CONTACTS, DataType, Field, HUMAN_TOKEN, LEADS, Profile, REFRESH_TOKEN, ZohoCrm,
};

use crate::{Load, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "zoho_crm",
    make,
    settings,
    server: None,
    secrets: &[
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("refresh_token", REFRESH_TOKEN),
        ("webhook_secret", "simulator-address"),
        ("webhook_token", "simulator-webhook"),
    ],
    writes: |request| request.method() != Method::GET,
    contact,
    edit: |base_url, id| {
        format!(
            "curl -s -H 'authorization: Zoho-oauthtoken {HUMAN_TOKEN}' -X PUT -H 'content-type: application/json' -d '{{\"data\":[{{\"Last_Name\":\"Newname\"}}]}}' {base_url}/crm/v8/Contacts/{id}"
        )
    },
    show: |base_url, id| {
        format!(
            "curl -s -H 'authorization: Zoho-oauthtoken {HUMAN_TOKEN}' '{base_url}/crm/v8/Contacts/{id}?fields=First_Name,Last_Name,Email'"
        )
    },
};

/// So many credits that a first run waits for nothing.
const CREDITS: u32 = 1_000_000;
const LINK: &str = "Syncline_Id";
const PERSON: &str = "person";

fn make(load: &Load, base_url: &str) -> Box<dyn Users> {
    let profile = Profile {
        seed: load.seed,
        api_domain: base_url.to_owned(),
        accounts_url: base_url.to_owned(),
        credits: load.calls.unwrap_or(CREDITS),
        ..Profile::default()
    };
    let mut zoho = ZohoCrm::new(profile);
    if load.provisioned {
        for module in [LEADS, CONTACTS, ACCOUNTS] {
            zoho.add_field(module, Field::new(LINK, DataType::Text, 40).custom(true));
        }
    }
    zoho.load(&Population::new(load.seed), load.people.clone(), load.companies.clone(), load.at);
    Box::new(Organisation(zoho))
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let credits = calls.unwrap_or(CREDITS).to_string();
    [("data_center", "us"), ("base_url", base_url), ("credits_per_day", &credits), ("link_field", LINK)]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    let request = http::Request::get("/crm/v8/Contacts?fields=Last_Name&per_page=1&sort_by=id&sort_order=asc");
    let request: Request = request.header("authorization", format!("Zoho-oauthtoken {HUMAN_TOKEN}")).body(Bytes::new()).ok()?;
    let answer: Json = serde_json::from_slice(simulator.handle(now, &request).body()).ok()?;
    answer.pointer("/data/0/id")?.as_str().map(str::to_owned)
}

/// The organisation; of the kind `person` are its leads and its contacts together, as our connector sees them.
struct Organisation(ZohoCrm);

impl Organisation {
    /// The module of a person's id, and the id in it; any other kind's own.
    fn place<'a>(kind: &'a str, id: &'a str) -> Result<(&'a str, &'a str), String> {
        if kind != PERSON {
            return Ok((kind, id));
        }
        id.split_once('/').ok_or_else(|| format!("no {kind} {id}"))
    }

    /// Fields of a person by the module's own names. A contact's company becomes its account.
    fn fields(&mut self, now: Timestamp, kind: &str, module: &str, fields: &Fields) -> Result<Fields, String> {
        if kind != PERSON {
            return Ok(fields.clone());
        }
        let mut own = Fields::new();
        for (name, value) in fields.iter().filter(|(name, _)| *name != "module") {
            if module == LEADS {
                own.insert(name.clone(), value.clone());
            } else if name == "Company" {
                own.insert("Account_Name.id".to_owned(), json!(self.account(now, value.as_str().unwrap_or_default())?));
            } else {
                let paired = ADDRESS_PAIRS.iter().find(|(lead, _)| lead == name).map_or(name.as_str(), |(_, contact)| contact);
                own.insert(paired.to_owned(), value.clone());
            }
        }
        Ok(own)
    }

    fn account(&mut self, now: Timestamp, name: &str) -> Result<String, String> {
        let known = self.0.live(ACCOUNTS).into_iter().find(|(_, own)| own.get("Account_Name").and_then(Json::as_str) == Some(name));
        match known {
            Some((id, _)) => Ok(id),
            None => self.0.create(now, ACCOUNTS, &Fields::from([("Account_Name".to_owned(), json!(name))])),
        }
    }
}

impl Simulator for Organisation {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        self.0.handle(now, request)
    }
}

impl Users for Organisation {
    /// A person is no kind of its own: whoever counts records counts them once.
    fn kinds(&self) -> &'static [&'static str] {
        self.0.kinds()
    }

    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        let module = if kind == PERSON { fields.get("module").and_then(Json::as_str).unwrap_or(LEADS) } else { kind };
        let own = self.fields(now, kind, module, fields)?;
        let id = self.0.create(now, module, &own)?;
        Ok(if kind == PERSON { format!("{module}/{id}") } else { id })
    }

    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        let (module, id) = Self::place(kind, id)?;
        let own = self.fields(now, kind, module, fields)?;
        self.0.edit(now, module, id, &own)
    }

    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        let (module, id) = Self::place(kind, id)?;
        self.0.delete(now, module, id)
    }

    fn restore(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        let (module, id) = Self::place(kind, id)?;
        self.0.restore(now, module, id)
    }

    fn merge(&mut self, now: Timestamp, kind: &str, survivor: &str, loser: &str) -> Result<(), String> {
        let ((module, survivor), (_, loser)) = (Self::place(kind, survivor)?, Self::place(kind, loser)?);
        self.0.merge(now, module, survivor, loser)
    }

    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        if kind != PERSON {
            return self.0.live(kind);
        }
        let of = |module: &'static str| {
            self.0.live(module).into_iter().map(move |(id, mut fields)| {
                fields.insert("module".to_owned(), json!(module));
                (format!("{module}/{id}"), fields)
            })
        };
        // A contact that was turned into a lead stays, and is nobody's record any more.
        let is_own =
            |(_, fields): &(String, Fields)| !fields.get(LINK).and_then(Json::as_str).is_some_and(|link| link.starts_with("Leads/"));
        of(LEADS).chain(of(CONTACTS)).filter(is_own).collect()
    }

    fn purge(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        let (module, id) = Self::place(kind, id)?;
        self.0.purge(now, module, id)
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        self.0.strain(now, strain)
    }

    fn settle(&mut self, now: Timestamp) -> bool {
        self.0.settle(now)
    }
}
