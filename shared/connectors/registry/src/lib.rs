//! The vendors of this build, and the engine that stands on them: everything that a function, the local runner and the command line share
//! between reading a config and having an [`Engine`](syncline_engine::Engine).
//!
//! Nothing here makes a call to a vendor, except [`fill_required`].

mod assemble;
mod deployment;
mod key;
mod list;
mod required;

use syncline_config::{ObjectFacts, Reading, SettingKey, SystemFacts};
use syncline_engine::ports::connector as ports;
use syncline_engine::ports::vendor::Vendor;

pub use assemble::{Adapters, AssemblyProblem, assemble};
pub use deployment::{Deployment, DeploymentProblem};
pub use key::{INSTALLATION, InstallationKey, KeyError};
pub use required::{SCHEMA_KEPT, fill_required};

/// All vendors of this build, in order of their systems' names.
pub fn vendors() -> &'static [&'static dyn Vendor] {
    list::VENDORS
}

/// The vendor of a system, as the config names it.
pub fn vendor(system: &str) -> Option<&'static dyn Vendor> {
    vendors().iter().copied().find(|vendor| vendor.descriptor().system == system)
}

/// What the config's reader must know of each vendor.
pub fn system_facts() -> Vec<SystemFacts> {
    vendors().iter().map(|vendor| facts(*vendor)).collect()
}

fn facts(vendor: &dyn Vendor) -> SystemFacts {
    let descriptor = vendor.descriptor();
    SystemFacts {
        system: descriptor.system.into(),
        title: descriptor.title.to_owned(),
        setting_keys: vendor
            .setting_keys()
            .iter()
            .map(|key| SettingKey { name: key.name.to_owned(), required: key.required, help: key.help.to_owned() })
            .collect(),
        objects: descriptor.objects.iter().map(object_facts).collect(),
    }
}

fn object_facts(object: &ports::ObjectFacts) -> ObjectFacts {
    ObjectFacts {
        kind: object.kind.into(),
        written: object.takes_writes(),
        reading: match (object.is_feed_only(), object.is_write_only()) {
            (true, _) => Reading::ByFeed,
            (false, true) => Reading::Never,
            (false, false) => Reading::AtAnyTime,
        },
        searched: object.bounds.find_keys_max > 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_names_each_system_once() {
        let systems: Vec<&str> = vendors().iter().map(|vendor| vendor.descriptor().system).collect();
        assert!(systems.windows(2).all(|pair| pair[0] < pair[1]), "{systems:?}");
        assert!(systems.iter().all(|system| vendor(system).is_some()));
        assert!(vendor("lotus notes").is_none());
    }

    #[test]
    fn the_config_reader_learns_what_each_vendor_offers() {
        let facts = system_facts();
        let salesforce = facts.iter().find(|facts| facts.system.as_str() == "salesforce").unwrap();
        let mapsly = facts.iter().find(|facts| facts.system.as_str() == "mapsly").unwrap();
        assert!(mapsly.objects.iter().all(|object| object.reading == Reading::Never));
        assert!(salesforce.setting_keys.iter().any(|key| key.name == "base_url" && key.required && !key.help.is_empty()));
        assert!(salesforce.objects.iter().any(|object| object.kind.as_str() == "Contact" && object.reading == Reading::AtAnyTime));
    }

    #[test]
    fn the_shipped_recipes_are_good_configs() {
        for name in syncline_config::recipe_names() {
            // A direction that a recipe leaves to its user is chosen.
            let text = syncline_config::recipe(name).unwrap().replace("    # direction: ", "    direction: ");
            let config = syncline_config::read(&text, name, &system_facts()).unwrap_or_else(|problems| panic!("{problems:?}"));
            assert!(!config.syncs.is_empty());
        }
    }
}
