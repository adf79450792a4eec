//! A company's customers: contacts at SALESmanago, contacts and leads at Zoho CRM, with the engine between them.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_model::Deadline;
use syncline_salesmanago_sim::{API_KEY, API_SECRET, OWNER_EMAIL, Salesmanago};
use syncline_simulator::{Fields, InProcess, Shared, Unkind, Users, lock, shared};
use syncline_zoho_crm_sim::{CONTACTS, LEADS, ZohoCrm};

use crate::{Memory, Stage, TestClock};

/// How the two accounts are, and what the config says.
pub struct CustomersSetup {
    pub config: String,
    pub salesmanago: Salesmanago,
    pub zoho: ZohoCrm,
}

impl Default for CustomersSetup {
    /// The shipped recipe between two empty accounts whose main users have one email.
    fn default() -> Self {
        let config = syncline_config::recipe("salesmanago-zoho_crm")
            .expect("the recipe is shipped")
            .replace("server: app2", "server: app2\n    calls_per_minute: \"100000\"\n    clearing: empty")
            .replace("data_center: eu", "data_center: eu\n    credits_per_day: \"1000000\"")
            .replace("sales@acme.example", OWNER_EMAIL);
        let salesmanago = syncline_salesmanago_sim::Profile { calls_per_minute: 100_000, ..Default::default() };
        let zoho = syncline_zoho_crm_sim::Profile {
            api_domain: "https://www.zohoapis.eu".to_owned(),
            accounts_url: "https://accounts.zoho.eu".to_owned(),
            credits: 1_000_000,
            ..Default::default()
        };
        let mut zoho = ZohoCrm::new(zoho);
        zoho.add_user(TestClock::default().now(), OWNER_EMAIL, "Mia", "Main");
        Self { config, salesmanago: Salesmanago::new(salesmanago), zoho }
    }
}

impl CustomersSetup {
    /// Replaces a part of the recipe; it must be there.
    #[must_use]
    pub fn with(mut self, from: &str, to: &str) -> Self {
        assert!(self.config.contains(from), "the recipe has no {from:?}");
        self.config = self.config.replace(from, to);
        self
    }
}

/// One way to both vendors, by the host that is asked.
struct ByHost {
    salesmanago: InProcess<Salesmanago>,
    zoho: InProcess<ZohoCrm>,
}

#[async_trait]
impl Http for ByHost {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        if call.request.uri().host().is_some_and(|host| host.contains("salesmanago")) {
            self.salesmanago.send(call, by).await
        } else {
            self.zoho.send(call, by).await
        }
    }
}

/// Everything that a test of customers needs.
pub struct Customers {
    pub stage: Stage,
    pub salesmanago: Shared<Unkind<Salesmanago>>,
    pub zoho: Shared<Unkind<ZohoCrm>>,
}

impl Customers {
    /// Two empty accounts, turned on.
    pub async fn new() -> Self {
        Self::made(CustomersSetup::default()).await
    }

    pub async fn made(setup: CustomersSetup) -> Self {
        let customers = Self::off(setup).await;
        customers.stage.turn_on().await;
        customers
    }

    /// Before the sync is turned on, with its link field made.
    pub async fn off(setup: CustomersSetup) -> Self {
        let mut customers = Self::bare(setup).await;
        customers.stage.provision().await;
        customers.stage.learn_required().await;
        customers
    }

    /// Before anything was asked of either account.
    pub async fn bare(setup: CustomersSetup) -> Self {
        let (clock, secrets) = (Arc::new(TestClock::default()), Arc::new(Memory::default()));
        for (name, key, value) in [
            ("salesmanago", "client_id", syncline_salesmanago_sim::CLIENT_ID),
            ("salesmanago", "api_key", API_KEY),
            ("salesmanago", "api_secret", API_SECRET),
            ("zoho", "client_id", syncline_zoho_crm_sim::CLIENT_ID),
            ("zoho", "client_secret", syncline_zoho_crm_sim::CLIENT_SECRET),
            ("zoho", "refresh_token", syncline_zoho_crm_sim::REFRESH_TOKEN),
        ] {
            secrets.set(name, key, value);
        }
        let (salesmanago, zoho) = (shared(Unkind::new(setup.salesmanago)), shared(Unkind::new(setup.zoho)));
        let http = ByHost {
            salesmanago: InProcess { simulator: salesmanago.clone(), clock: clock.clone() },
            zoho: InProcess { simulator: zoho.clone(), clock: clock.clone() },
        };
        let stage = Stage::new(&setup.config, clock, secrets, Arc::new(http)).await;
        Self { stage, salesmanago, zoho }
    }

    /// A person makes a contact at SALESmanago; the id.
    pub fn new_at_salesmanago(&self, fields: &Json) -> String {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        let made = lock(&self.salesmanago).simulator.create(self.stage.now(), "contact", &of(fields));
        made.expect("a contact at SALESmanago")
    }

    pub fn edit_at_salesmanago(&self, id: &str, fields: &Json) {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        lock(&self.salesmanago).simulator.edit(self.stage.now(), "contact", id, &of(fields)).expect("an edit at SALESmanago");
    }

    /// A person makes a lead or a contact at Zoho; the id.
    pub fn new_at_zoho(&self, module: &str, fields: &Json) -> String {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        lock(&self.zoho).simulator.create(self.stage.now(), module, &of(fields)).expect("a record at Zoho")
    }

    pub fn edit_at_zoho(&self, module: &str, id: &str, fields: &Json) {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        lock(&self.zoho).simulator.edit(self.stage.now(), module, id, &of(fields)).expect("an edit at Zoho");
    }

    /// What SALESmanago has of whoever has this email.
    pub fn at_salesmanago(&self, email: &str) -> Json {
        let account = &lock(&self.salesmanago).simulator;
        account.contact_with_email(email).and_then(|id| account.contact(&id)).unwrap_or_else(|| panic!("nobody at SALESmanago"))
    }

    /// The live records of a module by their emails: id and record.
    pub fn at_zoho(&self, module: &str) -> Vec<(String, Json)> {
        let organisation = &lock(&self.zoho).simulator;
        organisation.live(module).into_keys().map(|id| (id.clone(), organisation.record(module, &id).expect("a record"))).collect()
    }

    /// The one lead that has this email.
    pub fn lead(&self, email: &str) -> (String, Json) {
        self.one(LEADS, email)
    }

    /// The one contact that has this email.
    pub fn client(&self, email: &str) -> (String, Json) {
        self.one(CONTACTS, email)
    }

    fn one(&self, module: &str, email: &str) -> (String, Json) {
        let mut found = self.at_zoho(module);
        found.retain(|(_, record)| record["Email"] == json!(email));
        assert_eq!(found.len(), 1, "exactly one of {module} has the email");
        found.remove(0)
    }

    /// Writing requests that reached the vendors since the last call of this, by path; without sign-in.
    pub fn writes(&self) -> Vec<String> {
        const READS: [&str; 6] = ["/list", "/basic", "/paginated", "/modified", "/created", "/user/"];
        let mut seen = std::mem::take(&mut lock(&self.salesmanago).seen);
        seen.retain(|line| !READS.iter().any(|read| line.contains(read)));
        let mut zoho = std::mem::take(&mut lock(&self.zoho).seen);
        zoho.retain(|line| !line.starts_with("GET ") && !line.contains("/oauth/") && !line.contains("/coql"));
        seen.extend(zoho);
        seen
    }
}

fn of(fields: &Json) -> Fields {
    fields.as_object().expect("fields").clone().into_iter().collect()
}
