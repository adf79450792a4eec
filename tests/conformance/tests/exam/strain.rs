//! What happens to a whole account: its limit is spent, its sessions end.

use syncline_conformance::{Lab, Place};
use syncline_engine::ports::connector::{From, Outcome, WriteAction};
use syncline_model::{Fault, Timestamp};
use syncline_simulator::Strain;

use crate::examine;

/// A rate limit's time; it lies ahead, and not beyond a day.
fn time_of(lab: &Lab, fault: &Fault) -> Timestamp {
    let Fault::RateLimited { until } = fault else { panic!("a spent limit is told as {fault:?}") };
    let seconds = until.as_second() - lab.now().as_second();
    assert!(seconds > 0 && seconds <= 86_400, "to be asked again in {seconds} s");
    *until
}

#[test]
fn a_spent_limit_says_when_to_go_on_and_is_seen_by_who_counts() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let ids = lab.plant(0..3);
        let schema = lab.schema().await;
        let before = lab.truth();
        let selection = lab.selection();
        let spend = || assert!(lab.strain(Strain::LimitSpent), "every vendor has a limit");
        spend();
        let mut faults = vec![lab.connector().describe(&lab.kind(), lab.by()).await.unwrap_err().fault];
        let (class, answer) = lab.last_answer().expect("the vendor answered");
        let facts = candidate.vendor.rate_facts(class, &answer, lab.now());
        assert!(facts.refused && facts.until.is_some_and(|until| until > lab.now()), "{facts:?}");
        if lab.lists() {
            faults.push(lab.page(&selection, &Place::Scan).await.unwrap_err().fault);
        }
        if lab.tells() {
            faults.push(lab.page(&selection, &Place::Since(lab.now())).await.unwrap_err().fault);
        }
        if lab.gets() {
            faults.push(lab.connector().get(&selection, &ids, lab.by()).await.unwrap_err().fault);
        }
        if lab.finds() {
            let key = lab.key_of(&before[&ids[0]]);
            faults.push(lab.connector().find(&selection, &[key], lab.by()).await.unwrap_err().fault);
        }
        let mut actions = Vec::new();
        if lab.writes() {
            actions.push(lab.change(&schema, &ids[0], 1));
        }
        if lab.creates() {
            actions.push(lab.create(&schema, 9));
        }
        if candidate.facts.can_delete {
            actions.push(WriteAction::Delete { id: ids[2].clone() });
        }
        for action in &actions {
            let refused = lab.connector().write(&selection, std::slice::from_ref(action), lab.by()).await;
            faults.push(match refused {
                Err(error) => error.fault,
                Ok(mut outcomes) => match outcomes.remove(0) {
                    Outcome::Failed(fault) => fault,
                    Outcome::Written { .. } => panic!("written beyond the limit"),
                },
            });
        }
        assert!(faults.iter().all(|fault| time_of(&lab, fault) > lab.now()));
        assert!(lab.truth() == before, "something was written beyond the limit");
        // Asking again when told, one gets through in the end.
        for _ in 0..200 {
            if actions.is_empty() {
                match lab.page(&selection, &Place::Since(lab.now())).await {
                    Ok(_) => return,
                    Err(error) => lab.pass(time_of(&lab, &error.fault).as_second() - lab.now().as_second()),
                }
                continue;
            }
            let fault = match lab.connector().write(&selection, &actions[..1], lab.by()).await {
                Ok(mut outcomes) => match outcomes.remove(0) {
                    Outcome::Written { .. } => return,
                    Outcome::Failed(fault) => fault,
                },
                Err(error) => error.fault,
            };
            let until = time_of(&lab, &fault);
            lab.pass(until.as_second() - lab.now().as_second());
        }
        panic!("the limit does not end");
    });
}

#[test]
fn a_session_that_ends_is_renewed_and_costs_no_answer() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let ids = lab.plant(0..4);
        let schema = lab.schema().await;
        let connector = lab.connector();
        connector.describe(&lab.kind(), lab.by()).await.unwrap();
        if !lab.strain(Strain::SessionsEnd) {
            // A vendor without sessions: nothing ends.
            connector.describe(&lab.kind(), lab.by()).await.unwrap();
            return;
        }
        let selection = lab.selection();
        let end = || assert!(lab.strain(Strain::SessionsEnd));
        connector.account(lab.by()).await.unwrap();
        end();
        connector.describe(&lab.kind(), lab.by()).await.unwrap();
        if lab.lists() {
            end();
            assert_eq!(connector.scan(&selection, None, lab.by()).await.unwrap().records.len(), ids.len() + lab.resident_count());
        }
        if lab.tells() && !lab.lists() {
            end();
            let since = lab.now();
            connector.list_changes(&selection, &From::Since(since), lab.by()).await.unwrap();
        }
        if lab.gets() {
            end();
            assert!(connector.get(&selection, &ids, lab.by()).await.unwrap().iter().all(Option::is_some));
        }
        if lab.finds() {
            end();
            let key = lab.key_of(&lab.truth()[&ids[1]]);
            assert_eq!(connector.find(&selection, &[key], lab.by()).await.unwrap()[0].len(), 1);
        }
        if lab.creates() {
            end();
            let outcomes = connector.write(&selection, &[lab.create(&schema, 9)], lab.by()).await.unwrap();
            assert!(matches!(outcomes.as_slice(), [Outcome::Written { created: true, .. }]), "{outcomes:?}");
            assert_eq!(lab.named(9).len(), 1);
        }
    });
}
