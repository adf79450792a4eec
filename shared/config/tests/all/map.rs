//! What is drawn on the map.

use syncline_config::Address;

use crate::world::{GOOD, config, try_read};

fn with_map(layers: &str) -> String {
    format!("{GOOD}map:\n{layers}")
}

#[test]
fn layers_are_read_in_order_with_their_addresses() {
    let config = config(&with_map(
        "  people: { connection: salesforce, object: Contact, name: Name, town: MailingCity, country: MailingCountry, owner: OwnerId }\n  \
         leads: { connection: salesforce, object: Lead, name: Name, address_of: { field: Partner__c, layer: people }, stage: Status }\n",
    ));
    let [people, leads] = config.map.as_slice() else { panic!("two layers") };
    assert_eq!((people.name.as_str(), people.kind.as_str(), people.title.as_str()), ("people", "Contact", "Name"));
    assert_eq!(people.address, Address::Own { town: "MailingCity".into(), country: Some("MailingCountry".into()) });
    assert_eq!((people.owner.clone(), people.stage.clone()), (Some("OwnerId".into()), None));
    assert_eq!(leads.address, Address::Of { field: "Partner__c".into(), layer: "people".to_owned() });
    assert_eq!(leads.stage, Some("Status".into()));
}

#[test]
fn what_is_wrong_with_a_layer_is_said_at_its_place() {
    let cases = [
        ("connection: other, object: Contact, name: Name, town: City", "unknown_connection", "no connection `other`"),
        ("connection: salesforce, object: Contct, name: Name, town: City", "unknown_object", "did you mean `Contact`?"),
        ("connection: salesforce, object: Contact, name: Name", "missing_key", "`town` or `address_of`"),
        ("connection: salesforce, object: Contact, town: City", "missing_key", "`name`"),
        (
            "connection: salesforce, object: Contact, name: Name, town: City, address_of: { field: A, layer: b }",
            "missing_key",
            "in one way",
        ),
        (
            "connection: salesforce, object: Contact, name: Name, address_of: { field: A, layer: people }",
            "unknown_mapping",
            "no layer `people` of this connection has an address",
        ),
    ];
    for (layer, code, said) in cases {
        let problems = try_read(&with_map(&format!("  people: {{ {layer} }}\n"))).unwrap_err();
        let [problem] = problems.0.as_slice() else { panic!("{layer}: {problems:?}") };
        let all = format!("{} | {}", problem.problem, problem.hint);
        assert_eq!((problem.code.as_str(), problem.line), (code, GOOD.lines().count() + 2), "{layer}");
        assert!(all.contains(said), "{layer}: {all}");
    }
}
