//! The duplicate rule: like the standard matching rules, kept simple: the same e-mail, or the same full name and mobile phone; for accounts the
//! same name (fact sheet §4.5).

use serde_json::{Value as Json, json};

use crate::Salesforce;
use crate::profile::DuplicateRule;
use crate::refusal::Refusal;
use crate::rows::{Row, Table};
use crate::save::{Actor, live_with_key};

impl Salesforce {
    pub(crate) fn check_duplicates(&self, table: &Table, before: Option<(usize, &Row)>, row: &Row, actor: &Actor) -> Result<(), Refusal> {
        let refuses = match self.profile.duplicate_rule {
            DuplicateRule::Off => false,
            DuplicateRule::Alert => !actor.allows_duplicates,
            DuplicateRule::Block => true,
        };
        if !refuses || !["Account", "Contact", "Lead"].contains(&table.object.name.as_str()) {
            return Ok(());
        }
        let slot = before.map(|(slot, _)| slot);
        let changed = |name: &str| {
            let index = table.object.index_of(name)?;
            before.is_none_or(|(_, before)| before.cell(index) != row.cell(index)).then_some(index)
        };
        let mut matches: Vec<usize> = Vec::new();
        let by = |index: usize| if row.cell(index).is_null() { Vec::new() } else { live_with_key(table, index, row.cell(index)) };
        if table.object.name == "Account" {
            matches.extend(changed("Name").map(by).unwrap_or_default());
        } else {
            matches.extend(changed("Email").map(by).unwrap_or_default());
            let same = |name: &str, other: &Row| table.object.index_of(name).is_some_and(|index| other.cell(index) == row.cell(index));
            let by_mobile = changed("MobilePhone").map(by).unwrap_or_default();
            matches.extend(
                by_mobile
                    .into_iter()
                    .filter(|&other| table.row(other).is_some_and(|other| same("FirstName", other) && same("LastName", other))),
            );
        }
        matches.retain(|other| Some(*other) != slot);
        matches.sort_unstable();
        matches.dedup();
        if matches.is_empty() {
            return Ok(());
        }
        let found: Vec<&Row> = matches.iter().filter_map(|&slot| table.row(slot)).collect();
        let mut refusal = Refusal::of_fields("DUPLICATES_DETECTED", "Use one of these records?", &[]);
        refusal.duplicates = Some(self.duplicate_result(&table.object.name, &found));
        Err(refusal)
    }

    fn duplicate_result(&self, object: &str, found: &[&Row]) -> Json {
        let records: Vec<Json> = (found.iter())
            .map(|row| {
                json!({
                    "additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
                    "record": { "attributes": { "type": object, "url": format!("/services/data/v66.0/sobjects/{object}/{}", row.id) }, "Id": row.id },
                })
            })
            .collect();
        json!({
            "allowSave": self.profile.duplicate_rule == DuplicateRule::Alert,
            "duplicateRule": format!("Standard_{object}_Duplicate_Rule"),
            "duplicateRuleEntityType": object,
            "errorMessage": "Use one of these records?",
            "matchResults": [{
                "entityType": object, "errors": [], "matchEngine": "ExactMatchEngine", "matchRecords": records,
                "rule": format!("Standard_{object}_Match_Rule_v1_0"), "size": found.len(), "success": true,
            }],
        })
    }
}
