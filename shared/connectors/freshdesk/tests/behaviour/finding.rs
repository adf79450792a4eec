//! Look-ups: by filter, by search, by reading, and those that are refused.

use serde_json::{Value as Json, json};
use syncline_engine::ports::connector::{FindKey, Selection};
use syncline_model::{CallError, Record, Value};

use crate::scripted::{Desk, by, companies, contacts, ok, page};

async fn find(desk: &Desk, selection: &Selection, field: &str, value: Value) -> Result<Vec<Record>, CallError> {
    let key = FindKey { field: field.into(), value };
    Ok(desk.connector.find(selection, &[key], by()).await?.remove(0))
}

fn ids(found: &[Record]) -> Vec<&str> {
    found.iter().map(|record| record.id.as_str()).collect()
}

#[tokio::test]
async fn each_key_goes_its_way() {
    let one = json!([{"id": 1, "name": "Ida"}]);
    let hits = |rows: Json| json!({"total": 1, "results": rows});
    let cases = [
        (
            contacts(&["name"]),
            "email",
            Value::text("i+d@x.example"),
            one.clone(),
            "GET /contacts?per_page=100&page=1&email=i%2Bd%40x.example",
        ),
        (contacts(&["name"]), "mobile", Value::text("+49 171"), one.clone(), "GET /contacts?per_page=100&page=1&mobile=%2B49%20171"),
        (contacts(&["name"]), "phone", Value::text("1"), one.clone(), "GET /contacts?per_page=100&page=1&phone=1"),
        (
            contacts(&["name"]),
            "custom_fields.sfcontactid",
            Value::text("003A"),
            hits(json!([{"id": 1, "custom_fields": {"sfcontactid": "003a"}}])),
            "GET /search/contacts?query=%22sfcontactid%3A%27003A%27%22&page=1",
        ),
        (
            companies(&["name"]),
            "domains",
            Value::set(["x.example".into()]),
            hits(json!([{"id": 1, "domains": ["x.example", "y.example"]}])),
            "GET /search/companies?query=%22domain%3A%27x.example%27%22&page=1",
        ),
    ];
    for (selection, field, value, answer, asked) in cases {
        let desk = Desk::new(vec![ok(&answer)]);
        assert_eq!(ids(&find(&desk, &selection, field, value).await.unwrap()), ["1"], "{field}");
        assert_eq!(desk.asked(), [asked]);
    }
}

#[tokio::test]
async fn a_search_that_answers_too_much_is_narrowed() {
    let rows = json!([{"id": 1, "custom_fields": {"sf": "001"}}, {"id": 2, "custom_fields": {"sf": "0010"}}, {"id": 3, "deleted": true}]);
    let desk = Desk::new(vec![ok(&json!({"total": 3, "results": rows}))]);
    assert_eq!(ids(&find(&desk, &companies(&["name"]), "custom_fields.sf", Value::text("001")).await.unwrap()), ["1"]);
    let desk = Desk::new(vec![ok(&json!([{"id": 1, "email": "a@x.example"}, {"id": 2, "email": "B@x.example"}]))]);
    assert_eq!(ids(&find(&desk, &contacts(&["name"]), "email", Value::text("b@x.example")).await.unwrap()), ["2"]);
}

#[tokio::test]
async fn a_company_is_found_by_its_equal_name_only() {
    let names = json!({"companies": [{"id": 1, "name": "Nordwerk GmbH & Co"}, {"id": 2, "name": "nordwerk gmbh"}]});
    let desk = Desk::new(vec![ok(&names), ok(&json!({"id": 2, "name": "nordwerk gmbh"}))]);
    assert_eq!(ids(&find(&desk, &companies(&["name"]), "name", Value::text("Nordwerk GmbH ")).await.unwrap()), ["2"]);
    assert_eq!(desk.asked()[0], "GET /companies/autocomplete?name=Nordwerk%20GmbH");
}

#[tokio::test]
async fn a_quotation_mark_is_looked_for_by_reading() {
    let row = |id: u32, name: &str| json!({"id": id, "custom_fields": {"alias": name}});
    let desk = Desk::new(vec![page(&json!([row(1, "x")])), ok(&json!([row(2, "O'Neill")]))]);
    assert_eq!(ids(&find(&desk, &companies(&["name"]), "custom_fields.alias", Value::text("O'Neill")).await.unwrap()), ["2"]);
    let endless = (0..50).map(|_| page(&json!([row(1, "x")]))).collect();
    let desk = Desk::new(endless);
    let failed = find(&desk, &companies(&["name"]), "custom_fields.alias", Value::text("O'Neill")).await.unwrap_err();
    assert_eq!((failed.fault.code(), desk.asked().len()), ("unsupported", 50));
    assert!(!failed.to_string().contains("Neill"));
}

#[tokio::test]
async fn what_has_no_way_is_refused() {
    let desk = Desk::new(vec![]);
    for (selection, field, value) in [
        (contacts(&[]), "unique_external_id", Value::text("x")),
        (contacts(&[]), "job_title", Value::text("x")),
        (contacts(&[]), "email", Value::Null),
        (companies(&[]), "industry", Value::text("x")),
    ] {
        assert_eq!(find(&desk, &selection, field, value).await.unwrap_err().fault.code(), "unsupported", "{field}");
    }
}

#[tokio::test]
async fn hits_carry_the_thin_fields_that_are_selected() {
    let desk = Desk::new(vec![ok(&json!([{"id": 1}])), ok(&json!({"id": 1, "tags": ["t"]}))]);
    let found = find(&desk, &contacts(&["tags"]), "email", Value::text("a@x.example")).await.unwrap();
    assert!(found[0].field("tags") == Some(&Value::set(["t".into()])));
}
