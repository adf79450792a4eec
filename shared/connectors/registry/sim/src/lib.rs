//! The vendors' simulators by system: loaded with people, and with what our connector needs to reach them.

mod aircall;
mod freshdesk;
mod list;
mod mapsly;
mod postgres;
mod salesforce;
mod salesmanago;
mod zendesk_sell;
mod zendesk_support;
mod zoho_crm;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};
use syncline_model::{Secret, Timestamp};
use syncline_simulator::{Request, Simulator, Users};

/// What a simulator holds before anybody calls, and what it allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Decides ids and people; two simulators of one seed hold the same people where their ranges overlap.
    pub seed: u64,
    pub people: Range<u32>,
    pub companies: Range<u32>,
    /// The moment before which all of it was there.
    pub at: Timestamp,
    /// The vendor's limit in its own window: calls per minute, or per day. `None`: so many that nothing waits.
    pub calls: Option<u32>,
    /// Whether the link fields of the shipped recipes are there already, as after `syncline provision`.
    pub provisioned: bool,
}

/// One vendor's simulator: how to make it, and how to reach it once it answers on an address.
#[derive(Clone, Copy)]
pub struct Simulated {
    pub system: &'static str,
    make: fn(&Load, &str) -> Box<dyn Users>,
    settings: fn(&str, Option<u32>) -> BTreeMap<String, String>,
    server: Option<Serve>,
    secrets: &'static [(&'static str, &'static str)],
    writes: fn(&Request) -> bool,
    contact: fn(&mut dyn Simulator, Timestamp) -> Option<String>,
    edit: fn(&str, &str) -> String,
    show: fn(&str, &str) -> String,
}

/// Starts a server with its data in a folder; the error is a sentence for a person.
type Serve = fn(&Path) -> Result<Served, String>;

/// A server of the system's own that runs on this machine, with data that stay in its folder. It ends when this is dropped, or the process ends.
pub struct Served {
    pub base_url: String,
    _running: Box<dyn Send + Sync>,
}

impl std::fmt::Debug for Simulated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Simulated({})", self.system)
    }
}

impl Simulated {
    /// A loaded simulator that will answer at this address.
    pub fn make(&self, load: &Load, base_url: &str) -> Box<dyn Users> {
        (self.make)(load, base_url)
    }

    /// Starts the system's own server over this folder, where there is such a server to be had instead of a simulator; it may take some seconds.
    /// `Err`: it is not installed or does not start, in a sentence.
    pub fn serve(&self, folder: &Path) -> Option<Result<Served, String>> {
        self.server.map(|start| start(folder))
    }

    /// Whether [`Self::serve`] starts a server.
    pub fn is_served(&self) -> bool {
        self.server.is_some()
    }

    /// The settings with which our connector reaches it: they go over those of the config. `calls` as in [`Load::calls`].
    pub fn ready_settings(&self, base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
        (self.settings)(base_url, calls)
    }

    /// The bundle with which our connector signs in. Public: it opens nothing but a simulator.
    pub fn ready_secrets(&self) -> BTreeMap<String, Secret> {
        self.secrets.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect()
    }

    /// Whether a request may change the simulator's state, so that it must be repeated to come to the same state again.
    pub fn may_change(&self, request: &Request) -> bool {
        (self.writes)(request)
    }

    /// The id of a contact that is there, for an example.
    pub fn any_contact(&self, simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
        (self.contact)(simulator, now)
    }

    /// A command that edits this contact as a person would.
    pub fn edit_command(&self, base_url: &str, id: &str) -> String {
        (self.edit)(base_url, id)
    }

    /// A command that shows this contact.
    pub fn show_command(&self, base_url: &str, id: &str) -> String {
        (self.show)(base_url, id)
    }
}

/// All simulators of this build, in order of their systems' names.
pub fn simulators() -> &'static [Simulated] {
    list::SIMULATORS
}

/// The simulator of a system.
pub fn simulator(system: &str) -> Option<&'static Simulated> {
    simulators().iter().find(|simulated| simulated.system == system)
}

#[cfg(test)]
mod tests {
    use syncline_engine::ports::vendor::Settings;

    use super::*;

    const AT: &str = "2026-11-22T10:00:00Z";

    fn load() -> Load {
        Load { seed: 1, people: 0..12, companies: 0..2, at: AT.parse().unwrap(), calls: None, provisioned: true }
    }

    #[test]
    fn every_vendor_has_a_simulator_that_its_settings_fit() {
        for vendor in syncline_registry::vendors() {
            let system = vendor.descriptor().system;
            let simulated = simulator(system).unwrap_or_else(|| panic!("{system} has no simulator"));
            let settings = Settings(simulated.ready_settings("http://127.0.0.1:4010", Some(500)));
            let mut with_names = settings.clone();
            with_names.0.entry("domain".into()).or_insert_with(|| "acme".into());
            assert_eq!(
                vendor.check_settings(&settings).into_iter().map(|problem| problem.key).collect::<Vec<_>>(),
                Vec::<String>::new(),
                "{system}"
            );
            let known: Vec<&str> = vendor.secret_keys().iter().map(|key| key.name).collect();
            assert!(simulated.ready_secrets().keys().all(|key| known.contains(&key.as_str())), "{system}");
        }
    }

    /// What a person is asked for, and what a code gives, has a place in the vendor's bundle.
    #[test]
    fn every_way_to_sign_in_names_keys_that_the_vendor_has() {
        use syncline_engine::ports::sign_in::Way;
        for vendor in syncline_registry::vendors() {
            let system = vendor.descriptor().system;
            let known: Vec<&str> = vendor.secret_keys().iter().map(|key| key.name).collect();
            let ready = simulator(system).unwrap().ready_settings("http://127.0.0.1:4010", None);
            for auth in [None, Some("refresh_token")] {
                let mut settings = Settings(ready.clone());
                let has_auth = vendor.setting_keys().iter().any(|key| key.name == "auth");
                settings.0.extend(auth.filter(|_| has_auth).map(|auth| ("auth".to_owned(), auth.to_owned())));
                let ways = vendor.sign_in(&settings);
                assert!(!ways.is_empty(), "{system}");
                for way in ways {
                    let named: Vec<&str> = match &way {
                        Way::Keys(keys) => keys.names.to_vec(),
                        Way::Code(grant) => {
                            let addresses = [&grant.authorize_url, &grant.token_url];
                            assert!(addresses.iter().all(|url| url.starts_with("http://127.0.0.1:4010/")), "{system}: {addresses:?}");
                            assert!(grant.has_pkce || !grant.secret_is_optional, "{system}: a public client needs a proof key");
                            grant.yields.iter().copied().chain(["client_id", "client_secret"]).collect()
                        }
                    };
                    assert!(named.iter().all(|name| known.contains(name)), "{system}, {}: {named:?}", way.label());
                }
            }
        }
    }

    #[test]
    fn a_loaded_simulator_has_people() {
        for simulated in simulators() {
            let mut simulator = simulated.make(&load(), "http://127.0.0.1:4010");
            let id = simulated.any_contact(simulator.as_mut(), AT.parse().unwrap());
            let id = id.unwrap_or_else(|| panic!("{} is empty", simulated.system));
            assert!(simulated.edit_command("http://127.0.0.1:4010", &id).contains(&id));
        }
    }
}
