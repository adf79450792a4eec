//! What a schedule may ask for.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up fails the test")]

use syncline_config::Config;
use syncline_model::Side;
use syncline_pull::{Event, PullError};

fn read(text: &str) -> Result<Event, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn config() -> Config {
    let recipe = syncline_config::recipe("freshdesk-salesforce").unwrap();
    syncline_config::read(recipe, "syncline.yaml", &syncline_registry::system_facts()).unwrap()
}

#[test]
fn events_are_written_as_schedules_send_them() {
    let left = read(r#"{"sync":"customers","side":"left"}"#).unwrap();
    assert_eq!((left.side, left.backfill, left.sweep), (Some(Side::Left), false, None));
    assert!(read(r#"{"sync":"customers","backfill":true}"#).unwrap().backfill);
    let text = r#"{"sync":"customers","sweep":{"mapping":"contacts","side":"right"}}"#;
    assert_eq!(serde_json::to_string(&read(text).unwrap()).unwrap(), text);
    let auto = r#"{"sync":"customers","sweep":{"mapping":"contacts","side":"right","auto":true}}"#;
    assert_eq!(serde_json::to_string(&read(auto).unwrap()).unwrap(), auto);
    assert!(read(r#"{"sync":"customers","sides":"left"}"#).is_err());
}

#[test]
fn an_event_asks_for_one_thing_that_there_is() {
    let config = config();
    let check = |text: &str| read(text).unwrap().check(&config);
    check(r#"{"sync":"customers","side":"left"}"#).unwrap();
    assert!(matches!(check(r#"{"sync":"customers"}"#), Err(PullError::NotOne)));
    assert!(matches!(check(r#"{"sync":"customers","side":"left","backfill":true}"#), Err(PullError::NotOne)));
    let unknown = check(r#"{"sync":"suppliers","side":"left"}"#).unwrap_err().to_string();
    assert!(unknown.contains("sync suppliers"), "{unknown}");
}
