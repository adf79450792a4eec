//! The recipes as demonstrations run them: each with its choices made, and with accounts of a size that fits.

use crate::simulation::{Amount, SimulateOptions};

/// One recipe's demonstration.
#[derive(Debug)]
pub struct Demo {
    /// The recipe's name.
    pub recipe: &'static str,
    /// What the recipe leaves to its user, and what stands there instead.
    choices: &'static [(&'static str, &'static str)],
    simulate: fn() -> SimulateOptions,
}

/// Every recipe that can be demonstrated; the first one is shown where none is named.
const DEMOS: &[Demo] = &[
    Demo { recipe: "freshdesk-salesforce", choices: &[], simulate: SimulateOptions::default },
    Demo { recipe: "aircall-zendesk_support", choices: &[("# direction: left_to_right", "direction: both")], simulate: agents },
    Demo {
        recipe: "salesmanago-zoho_crm",
        // The link field and the users that the simulated accounts have.
        choices: &[("SALESmanago_Id", "Syncline_Id"), ("right: sales@acme.example }", "right: integration@simulator.example }")],
        simulate: customers,
    },
    Demo { recipe: "zendesk_sell-mapsly", choices: &[], simulate: mapped },
    Demo { recipe: "zendesk_sell-postgres", choices: &[("sales@acme.example", "owner@acme.example")], simulate: replica },
];

/// 400 people at Sell, and a map that is empty at first.
fn mapped() -> SimulateOptions {
    let amount = |people| Amount { people, companies: 0..0, calls: None };
    SimulateOptions { left: amount(0..400), right: amount(0..0), ..SimulateOptions::default() }
}

/// 600 contacts at SALESmanago, 500 leads and contacts at Zoho, 300 of them the same people.
fn customers() -> SimulateOptions {
    let left = Amount { people: 0..600, companies: 0..0, calls: None };
    let right = Amount { people: 300..800, companies: 0..40, calls: None };
    SimulateOptions { left, right, ..SimulateOptions::default() }
}

/// 600 people, 60 organisations and some deals at Sell, and an empty database.
fn replica() -> SimulateOptions {
    let left = Amount { people: 0..600, companies: 0..60, calls: None };
    let right = Amount { people: 0..0, companies: 0..0, calls: None };
    SimulateOptions { left, right, ..SimulateOptions::default() }
}

/// 240 agents on each side, three quarters of them the same people.
fn agents() -> SimulateOptions {
    let amount = |people| Amount { people, companies: 0..0, calls: None };
    SimulateOptions { left: amount(60..300), right: amount(0..240), ..SimulateOptions::default() }
}

/// All of them.
pub fn demos() -> &'static [Demo] {
    DEMOS
}

/// The demonstration of a recipe; `None`: of no recipe in particular.
pub fn demo(recipe: Option<&str>) -> Option<&'static Demo> {
    match recipe {
        Some(name) => DEMOS.iter().find(|demo| demo.recipe == name),
        None => DEMOS.first(),
    }
}

impl Demo {
    /// The recipe's text with its choices made.
    pub fn config(&self) -> String {
        let text = syncline_config::recipe(self.recipe).unwrap_or_default().to_owned();
        self.choices.iter().fold(text, |text, (open, chosen)| text.replace(open, chosen))
    }

    pub fn simulate(&self) -> SimulateOptions {
        (self.simulate)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_demonstration_is_of_a_recipe_that_reads_with_its_choices_made() {
        for demo in demos() {
            let problems = syncline_config::read(&demo.config(), "syncline.yaml", &syncline_registry::system_facts()).err();
            assert!(problems.is_none(), "{}: {problems:?}", demo.recipe);
            let text = syncline_config::recipe(demo.recipe).unwrap_or_default();
            assert!(demo.choices.iter().all(|(open, _)| text.contains(open)), "{}", demo.recipe);
        }
        let shown: Vec<&str> = demos().iter().map(|demo| demo.recipe).collect();
        assert!(syncline_config::recipe_names().all(|name| shown.contains(&name)), "a recipe without a demonstration");
    }
}
