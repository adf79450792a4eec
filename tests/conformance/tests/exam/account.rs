//! Whose account it is, what it can hold, and who is let in.

use std::collections::BTreeSet;

use syncline_conformance::{Lab, Place, same};
use syncline_engine::ports::connector::{Cursor, FieldWish, Outcome, WriteAction};
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::webhook::{RawWebhook, admit};
use syncline_model::{Fault, FieldSchema, FieldType, Value};

use crate::examine;

#[test]
fn the_account_has_a_name_and_stays_the_same() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let account = lab.connector().account(lab.by()).await.unwrap();
        assert!(![&account.id, &account.name, &account.user].iter().any(|text| text.trim().is_empty()), "{account:?}");
        assert!(account.problems.is_empty(), "{:?}", account.problems);
        lab.pass(60);
        assert_eq!(lab.connector().account(lab.by()).await.unwrap().id, account.id);
    });
}

#[test]
fn fields_are_described_in_one_order_and_cover_what_records_carry() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        lab.plant(0..2);
        let (one, other) = (lab.schema().await, lab.schema().await);
        assert_eq!(one, other);
        let names: BTreeSet<&str> = one.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names.len(), one.fields.len(), "a field is described twice");
        let object = candidate.object;
        let keys = object.keys.iter().map(|key| key.field);
        let wanted: Vec<String> = lab.selection().fields.iter().map(ToString::to_string).collect();
        let wanted = wanted.iter().map(String::as_str).chain(object.typed.iter().copied()).chain(keys).chain([object.unsearchable]);
        let undescribed: Vec<&str> =
            wanted.chain(candidate.facts.thin_fields.iter().copied()).filter(|name| !names.contains(name)).collect();
        assert!(undescribed.is_empty(), "{undescribed:?}");
    });
}

#[test]
fn a_field_is_provisioned_once_and_then_works() {
    examine(async |candidate| {
        let lab = Lab::unprovisioned(candidate);
        let Some(wish) = lab.link_wish() else { return };
        let name = wish.schema.name.as_str();
        if lab.schema().await.field(name).is_some_and(FieldSchema::is_own_key) {
            // Records go by an id of ours: there is nothing to make, and asking for it is no error.
            return lab.connector().provision(&wish, lab.by()).await.unwrap();
        }
        assert!(lab.schema().await.field(name).is_none(), "{name} is there already");
        // A connector that described before the field was made finds it all the same.
        let early = lab.connector();
        early.describe(&lab.kind(), lab.by()).await.unwrap();
        for _ in 0..2 {
            lab.connector().provision(&wish, lab.by()).await.unwrap();
        }
        let schema = lab.schema().await;
        let made: Vec<&FieldSchema> = schema.fields.iter().filter(|field| field.name.as_str() == name).collect();
        assert!(matches!(made.as_slice(), [field] if field.creatable && field.updatable && field.custom && field.unique), "{made:?}");
        if !lab.creates() {
            return;
        }
        for connector in [lab.connector(), early] {
            let number = if lab.live_ids().is_empty() { 1 } else { 2 };
            let create = lab.create(&schema, number);
            let outcome = connector.write(&lab.selection(), std::slice::from_ref(&create), lab.by()).await.unwrap().remove(0);
            let Outcome::Written { id, .. } = outcome else { panic!("{outcome:?}") };
            if lab.gets() {
                let got = connector.get(&lab.selection(), &[id], lab.by()).await.unwrap().remove(0).unwrap();
                assert!(got.field(name) == Some(&Value::text(format!("linked-{number}"))), "what was written is not read");
            }
        }
    });
}

#[test]
fn a_field_of_a_type_that_cannot_be_made_is_refused() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let Some(FieldWish { schema, .. }) = lab.link_wish() else { return };
        let (path, bare) = schema.name.as_str().rsplit_once('.').map_or(("", schema.name.as_str()), |(path, bare)| (path, bare));
        let name = if path.is_empty() { format!("odd{bare}") } else { format!("{path}.odd{bare}") };
        let wish = FieldWish { kind: lab.kind(), schema: FieldSchema::new(name, "Odd", FieldType::Other("hologram".into())) };
        let refused = lab.connector().provision(&wish, lab.by()).await.unwrap_err();
        assert!(matches!(refused.fault, Fault::Unsupported { .. } | Fault::Rejected { .. }), "{refused}");
    });
}

#[test]
fn refused_credentials_are_told_as_such_and_nothing_is_written() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let ids = lab.plant(0..2);
        let schema = lab.schema().await;
        let before = lab.truth();
        for bundle in [Some(lab.wrong_secret()), Some(Bundle::default()), None] {
            lab.set_secret(bundle);
            let mut faults = vec![lab.connector().account(lab.by()).await.unwrap_err().fault];
            faults.push(lab.connector().describe(&lab.kind(), lab.by()).await.unwrap_err().fault);
            if lab.lists() {
                faults.push(lab.page(&lab.selection(), &Place::Scan).await.unwrap_err().fault);
            }
            if lab.tells() {
                faults.push(lab.page(&lab.selection(), &Place::Since(lab.now())).await.unwrap_err().fault);
            }
            if lab.gets() {
                faults.push(lab.connector().get(&lab.selection(), &ids, lab.by()).await.unwrap_err().fault);
            }
            if lab.creates() {
                for action in [lab.create(&schema, 9), lab.update(&ids[0], "Never written"), WriteAction::Delete { id: ids[1].clone() }] {
                    faults.push(match lab.connector().write(&lab.selection(), &[action], lab.by()).await {
                        Err(error) => error.fault,
                        Ok(mut outcomes) => match outcomes.remove(0) {
                            Outcome::Failed(fault) => fault,
                            Outcome::Written { .. } => panic!("written with credentials that were refused"),
                        },
                    });
                }
            }
            assert!(faults.iter().all(|fault| matches!(fault, Fault::AuthRefused { hint } if !hint.is_empty())), "{faults:?}");
        }
        assert!(lab.truth() == before, "something was written");
    });
}

#[test]
fn cursors_of_others_are_refused() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.tells() {
            return;
        }
        lab.plant(0..lab.page_records_max() + 1);
        let scan = if lab.lists() { Some(lab.walk(&lab.selection(), Place::Scan).await) } else { None };
        let changes = lab.walk(&lab.selection(), Place::Since(lab.now())).await;
        let mut foreign: Vec<Cursor> =
            ["", "7", "null", "{}", "[]", "not a cursor", "{\"v\":99,\"format\":\"99\"}"].map(|text| Cursor(text.into())).into();
        for other in syncline_conformance::candidates() {
            let lab = Lab::new(other);
            if lab.lists() && other.to_string() != candidate.to_string() {
                foreign.push(lab.walk(&lab.selection(), Place::Scan).await.end);
            }
        }
        let mut on_changes = foreign.clone();
        let mut on_scan = foreign;
        on_scan.push(changes.end.clone());
        if let Some(scan) = scan {
            on_scan.push(scan.end);
            let middle = scan.pages.iter().find_map(|(place, _)| match place {
                Place::ScanOn(cursor) => Some(cursor.clone()),
                Place::Scan | Place::Since(_) | Place::ChangesOn(_) => None,
            });
            on_changes.push(middle.expect("the scan has a middle"));
        } else {
            on_scan.clear();
        }
        let places = on_scan.into_iter().map(Place::ScanOn).chain(on_changes.into_iter().map(Place::ChangesOn));
        for place in places {
            let answer = lab.page(&lab.selection(), &place).await;
            assert!(
                matches!(&answer, Err(error) if matches!(error.fault, Fault::Drift { .. } | Fault::Rejected { .. })),
                "{place:?}: {answer:?}"
            );
        }
    });
}

/// The cursor with each digit that stands alone one higher: one of them is its format's number.
fn of_other_formats(cursor: &Cursor) -> Vec<Cursor> {
    let text = &cursor.0;
    let is_part = |sign: Option<char>| sign.is_some_and(|sign| sign.is_alphanumeric() || ".:-".contains(sign));
    let alone = |at: usize| !is_part(text[..at].chars().next_back()) || text[..at].ends_with(':');
    let digits = text.char_indices().filter(|(at, sign)| sign.is_ascii_digit() && alone(*at) && !is_part(text[at + 1..].chars().next()));
    digits.map(|(at, digit)| Cursor(format!("{}{}{}", &text[..at], (digit.to_digit(10).unwrap() + 1) % 10, &text[at + 1..]))).collect()
}

#[test]
fn a_cursor_of_a_format_to_come_is_refused() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        if !lab.tells() {
            return;
        }
        lab.plant(0..3);
        let end = lab.walk(&lab.selection(), lab.beginning()).await.end;
        let mut refused = 0;
        for cursor in of_other_formats(&end) {
            let answer = lab.page(&lab.selection(), &Place::ChangesOn(cursor)).await;
            refused += u32::from(matches!(answer, Err(error) if matches!(error.fault, Fault::Drift { .. } | Fault::Rejected { .. })));
        }
        assert!(refused > 0, "no format number is looked at");
    });
}

#[test]
fn a_webhook_that_proves_nothing_is_not_let_in() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let connector = lab.connector();
        let Some(hooks) = connector.webhooks() else { return };
        let bundles = [Bundle(candidate.simulated.ready_secrets()), lab.wrong_secret(), Bundle::default()];
        for secrets in bundles {
            for (path_rest, body) in [("", ""), ("x", "{}"), ("", "<xml/>"), ("guessed", "[{\"id\":1}]")] {
                let raw = RawWebhook { headers: http::HeaderMap::new(), path_rest: path_rest.into(), body: bytes::Bytes::from(body) };
                assert!(admit(hooks, &raw, &secrets, lab.now()).is_err(), "{path_rest} {body}");
            }
        }
    });
}

#[test]
fn an_address_for_people_names_the_record() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let id = lab.plant(0..1).remove(0);
        if let Some(address) = lab.connector().web_address(&lab.kind(), &id) {
            assert!(address.starts_with("http") && address.contains(id.as_str()), "{address}");
        }
    });
}

#[test]
fn related_records_are_answered_in_their_places_or_declined() {
    use syncline_engine::ports::connector::{FindKey, RelatedQuery};
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let ids = lab.plant(0..3);
        let object = candidate.object;
        let query = |number: u32| {
            let name = (object.record)(number)[object.name].as_str().map(str::to_owned).unwrap();
            RelatedQuery {
                kind: lab.kind(),
                fields: vec![object.name.into()],
                matching: FindKey { field: object.name.into(), value: Value::text(name) },
                newest_by: vec![object.name.into()],
                records_max: 1,
            }
        };
        match lab.connector().related(&[query(2), query(7), query(0)], lab.by()).await {
            Err(error) => assert!(matches!(error.fault, Fault::Unsupported { .. }), "{error}"),
            Ok(found) => {
                let ids_found: Vec<Vec<_>> = found.iter().map(|records| records.iter().map(|record| record.id.clone()).collect()).collect();
                assert_eq!(ids_found, [vec![ids[2].clone()], vec![], vec![ids[0].clone()]]);
                assert!(same(&found[0][0], &lab.truth()[&ids[2]], object.name));
            }
        }
    });
}
