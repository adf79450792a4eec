use syncline_config::{HistoryKeep, HistoryMode, Schedule, Sweep};
use syncline_mapping::{Conflict, Drift, Equality, Flow, Lens, Others, Retain, WritePolicy};
use syncline_model::{Decimal, Side};

use crate::world::{GOOD, config, with};

#[test]
fn what_is_not_said_has_its_default() {
    let config = config(GOOD);
    assert_eq!(config.retain, Retain::Fingerprints);
    assert_eq!(config.history, HistoryKeep { days: 30, values: true });
    assert_eq!(config.connections["freshdesk"].secret, "freshdesk");
    assert_eq!(config.connections["freshdesk"].settings["domain"], "acme");
    let sync = config.sync("customers").unwrap();
    assert_eq!(sync.history, HistoryMode::None);
    assert_eq!(sync.deletes_max_share, Decimal::from(5));
    assert_eq!(sync.sweep, Some(Sweep::Auto));
    assert_eq!(sync.debounce_s["contacts"], 0);
    assert_eq!(sync.connection(Side::Right).as_str(), "salesforce");
    let contacts = sync.mapping("contacts").unwrap();
    assert!(contacts.create.left && contacts.create.right);
    assert_eq!(contacts.match_keys[0].equality, Equality::CaseInsensitive);
    let title = &contacts.fields[1];
    assert_eq!((title.flow, title.conflict, title.drift), (Flow::Both, Conflict::Master, Drift::Overwrite));
    assert_eq!(title.write.left, WritePolicy::Always);
    assert_eq!(title.equality, Equality::Exact);
    assert!(contacts.required.left.is_empty());
}

#[test]
fn parents_go_first_whatever_the_order_of_the_file() {
    let (head, objects) = GOOD.split_once("      companies:\n").unwrap();
    let (companies, contacts) = objects.split_once("      contacts:\n").unwrap();
    let turned = format!("{head}      contacts:\n{contacts}      companies:\n{companies}");
    let config = config(&turned);
    let names: Vec<&str> = config.syncs[0].mappings.iter().map(|mapping| mapping.name.as_str()).collect();
    assert_eq!(names, ["companies", "contacts"]);
    assert_eq!(config.syncs[0].mappings[1].parents().map(syncline_model::MappingName::as_str).collect::<Vec<_>>(), ["companies"]);
}

#[test]
fn records_of_one_mapping_may_refer_to_each_other() {
    let text = GOOD.replace("reference: companies", "reference: contacts");
    let config = config(&text);
    let refers: Vec<bool> = config.syncs[0].mappings.iter().map(syncline_mapping::ObjectMapping::refers_to_itself).collect();
    assert_eq!(refers, [false, true]);
}

#[test]
fn lenses_are_written_in_short_and_in_long() {
    let fields = "title: { left: job_title, right: Title }\n          \
                  name: { left: name, right: { first: FirstName, last: LastName } }\n          \
                  tags: { left: tags, right: { field: Tags__c, as: comma_text } }\n          \
                  tier: { left: tier, right: Tier__c, values: { Gold: gold, Silver: silver }, others: pass }\n          \
                  state: { left: { field: state, values: { lunch: away } }, right: { field: State__c, values: { out: away } } }\n          \
                  fax: { left: fax, right: Fax, compare: { phone: at }, write: { left: never_clear }, direction: left_to_right, drift: leave }";
    let config = config(&with("title: { left: job_title, right: Title }", fields));
    let contacts = config.syncs[0].mapping("contacts").unwrap();
    let field = |name: &str| contacts.fields.iter().find(|field| field.name == name).unwrap();
    assert_eq!(field("tags").lens.right, Lens::CommaText("Tags__c".into()));
    let Lens::Mapped { map, .. } = &field("tier").lens.left else { panic!("a table") };
    assert_eq!(map.pairs[0], ("Gold".to_owned(), "gold".to_owned()));
    assert_eq!(map.others, Others::Pass);
    assert_eq!(field("tier").lens.right, Lens::Field("Tier__c".into()));
    assert!(matches!((&field("state").lens.left, &field("state").lens.right), (Lens::Mapped { .. }, Lens::Mapped { .. })));
    let fax = field("fax");
    assert_eq!(fax.equality, Equality::Phone { region: Some("AT".to_owned()) });
    assert_eq!((fax.write.left, fax.write.right), (WritePolicy::NeverClear, WritePolicy::Always));
    assert_eq!((fax.flow, fax.drift), (Flow::ToRight, Drift::Leave));
}

#[test]
fn owners_and_inverted_flags_and_sets_as_a_whole() {
    let fields = "owner: { left: owner_id, right: OwnerId, as: owner, fallback: { left: 82000000001, right: sales@acme.example } }\n          \
                  consent: { left: { field: opted_in, as: not }, right: HasOptedOutOfEmail, conflict: opt_out_wins }\n          \
                  tags: { left: tags, right: { field: Tags__c, as: comma_text } }\n          \
                  teams: { left: teams, right: Teams__c, conflict: hold }";
    let fields = fields.replace("82000000001", "\"82000000001\"");
    let config = config(&with("title: { left: job_title, right: Title }", &fields));
    let contacts = config.syncs[0].mapping("contacts").unwrap();
    let field = |name: &str| contacts.fields.iter().find(|field| field.name == name).unwrap();
    let owner = |name: &str, fallback: &str| Lens::Owner { field: name.into(), fallback: Some(fallback.into()) };
    assert_eq!(field("owner").lens.left, owner("owner_id", "82000000001"));
    assert_eq!(field("owner").lens.right, owner("OwnerId", "sales@acme.example"));
    assert_eq!(field("consent").lens.left, Lens::Not("opted_in".into()));
    assert_eq!(field("consent").conflict, Conflict::OptOutWins);
    // Additions and removals of both sides are kept, unless the field names its own policy.
    assert!(!field("tags").whole_sets && field("teams").whole_sets);
}

#[test]
fn one_way_creates_only_where_it_leads() {
    let text = with("direction: both", "direction: right_to_left");
    let config = config(&text.replace("master: right", "master: salesforce"));
    let sync = &config.syncs[0];
    assert_eq!(sync.rules.master, Side::Right);
    assert!(sync.mappings.iter().all(|mapping| mapping.create.left && !mapping.create.right));
    assert!(sync.mappings[0].fields.iter().all(|field| field.flow == Flow::ToLeft));
}

#[test]
fn what_a_table_leaves_and_that_nothing_is_created_are_said_in_one_word() {
    let text =
        with("title: { left: job_title, right: Title }", "title: { left: job_title, right: Title, values: { a: b }, others: leave }");
    let config =
        config(&text.replace("        link: { left: custom_fields.sfc", "        create: never\n        link: { left: custom_fields.sfc"));
    let contacts = config.syncs[0].mapping("contacts").unwrap();
    let title = contacts.fields.iter().find(|field| field.name == "title").unwrap();
    assert!(title.lens.left.leaves_others() && !title.lens.right.leaves_others());
    assert!(!contacts.create.left && !contacts.create.right);
    assert!(config.syncs[0].mapping("companies").unwrap().create.left);
}

#[test]
fn schedules_are_for_both_sides_or_for_each() {
    let text = with(
        "schedule: every 30 minutes",
        "time_zone: Europe/Berlin\n    schedule: { left: every hour, right: { cron: \"0 */6 * * *\" } }\n    sweep: daily at 02:30\n    debounce_s: 20",
    );
    let config = config(&text);
    let sync = &config.syncs[0];
    assert_eq!(sync.schedule.left, Schedule::Every { seconds: 3_600 });
    assert_eq!(sync.schedule.right.to_string(), "cron 0 */6 * * * Europe/Berlin");
    let Some(Sweep::Schedule(sweep)) = &sync.sweep else { panic!("a schedule") };
    assert_eq!(sweep.to_string(), "daily at 02:30 Europe/Berlin");
    assert_eq!(sync.debounce_s["companies"], 20);
}

#[test]
fn an_alias_stands_for_what_it_names_and_a_byte_order_mark_for_nothing() {
    let text = with(
        "fields:\n          name: { left: name, right: Name }",
        "fields:\n          name: &name { left: name, right: Name }\n          note: { left: note, right: Note__c }",
    );
    assert_eq!(config(&format!("\u{feff}{text}")).syncs[0].mappings[0].fields.len(), 2);
    let text = with("[ { left: email, right: Email, unique: true } ]", "&keys [ { left: email, right: Email, unique: true } ]");
    let text = text.replace("[ { left: name, right: Name } ]", "[ { left: &n name, right: Name }, { left: *n, right: Site } ]");
    let config = config(&text);
    assert_eq!(config.syncs[0].mappings[0].match_keys[1].field.left.as_str(), "name");
}

#[test]
fn a_connection_may_share_a_secret_and_settings_are_read_as_written() {
    let text = with("{ system: freshdesk, domain: acme }", "{ system: freshdesk, domain: 0042, reserve_percent: 20, secret: desk/eu }");
    let config = config(&text);
    let freshdesk = &config.connections["freshdesk"];
    assert_eq!(freshdesk.settings["domain"], "0042");
    assert_eq!(freshdesk.settings["reserve_percent"], "20");
    assert_eq!(freshdesk.secret, "desk/eu");
}
