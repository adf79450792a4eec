//! Whatever goes wrong with one request of a question: a fault that says what to do next, or the whole answer. Never less.

use std::collections::BTreeSet;

use syncline_conformance::{Lab, Place};
use syncline_engine::ports::connector::FindKey;
use syncline_model::{CallError, Fault, RecordId};
use syncline_simulator::Trouble;

use crate::examine;

/// A question that changes nothing.
#[derive(Clone, Copy, Debug)]
enum Question {
    Account,
    Describe,
    Scan,
    Changes,
    Get,
    Find,
}

const QUESTIONS: [Question; 6] = [Question::Account, Question::Describe, Question::Scan, Question::Changes, Question::Get, Question::Find];

/// What may go wrong with a request that only reads, and whether it certainly passes.
pub(crate) fn troubles() -> Vec<(Trouble, bool)> {
    let passing = [Trouble::NeverSent, Trouble::AnswerLost, Trouble::HtmlError, Trouble::HtmlErrorAfterCommit];
    let odd = [Trouble::CutBody, Trouble::HtmlInsteadOfJson, Trouble::EmptyBody];
    let instead = [
        (500, ""),
        (500, "[]"),
        (502, "{}"),
        (503, "null"),
        (504, "gateway"),
        (200, "{}"),
        (200, "null"),
        (200, "true"),
        (200, "17"),
        (200, "\"text\""),
    ];
    let passing = passing.into_iter().map(|trouble| (trouble, true));
    let odd = odd.into_iter().map(|trouble| (trouble, false));
    passing.chain(odd).chain(instead.map(|(status, body)| (Trouble::Instead(status, body.to_owned()), status >= 500))).collect()
}

/// The answer, as far as it must not be less after a trouble.
async fn ask(lab: &Lab, question: Question, ids: &[RecordId], key: &FindKey) -> Result<BTreeSet<String>, CallError> {
    let (connector, selection) = (lab.connector(), lab.selection());
    let by = lab.by();
    let page = |page: syncline_engine::ports::connector::Page| {
        page.records.into_iter().map(|row| format!("{:?}", row.map(|record| (record.id, record.fields.len())))).collect()
    };
    Ok(match question {
        Question::Account => BTreeSet::from([connector.account(by).await?.id]),
        Question::Describe => connector.describe(&lab.kind(), by).await?.fields.into_iter().map(|field| field.name.to_string()).collect(),
        Question::Scan => page(lab.page(&selection, &Place::Scan).await?),
        Question::Changes => page(lab.page(&selection, &Place::Since(lab.now())).await?),
        Question::Get => {
            let found = connector.get(&selection, ids, by).await?;
            ids.iter()
                .zip(found)
                .map(|(id, found)| format!("{id} {:?}", found.map(|record| (record.presence, record.fields.len()))))
                .collect()
        }
        Question::Find => {
            let found = connector.find(&selection, std::slice::from_ref(key), by).await?;
            found.into_iter().flatten().map(|record| record.id.to_string()).collect()
        }
    })
}

#[test]
fn a_question_in_trouble_has_a_fault_or_its_whole_answer() {
    examine(async |candidate| {
        let lab = Lab::new(candidate);
        let mut ids = lab.plant(0..4);
        lab.pass(1);
        lab.delete(&ids[1]);
        ids.push(candidate.object.absent.into());
        lab.pass_find_lag();
        let key = candidate.object.keys.first().map_or(candidate.object.name, |key| key.field);
        let value = lab.truth()[&ids[0]].field(key).unwrap().clone();
        let key = FindKey { field: key.into(), value };
        for question in QUESTIONS {
            let asked = match question {
                Question::Account | Question::Describe => true,
                Question::Scan => lab.lists(),
                Question::Changes => lab.tells(),
                Question::Get => lab.gets(),
                Question::Find => lab.finds(),
            };
            if !asked {
                continue;
            }
            // Connectors may share a credential that the first of them fetches: all later ones ask as often as each other.
            ask(&lab, question, &ids, &key).await.unwrap();
            let before = lab.requests();
            let whole = ask(&lab, question, &ids, &key).await.unwrap();
            let requests = u32::try_from(lab.requests() - before).unwrap();
            assert!(requests > 0, "{question:?} was not asked of the vendor");
            for (trouble, passes) in troubles() {
                for request in 0..requests {
                    lab.trouble(request, trouble.clone());
                    let answer = ask(&lab, question, &ids, &key).await;
                    assert!(lab.calm(), "the trouble did not happen");
                    match answer {
                        Ok(answer) => assert_eq!(answer, whole, "{question:?}, request {request}, {trouble:?}"),
                        Err(error) => {
                            let sensible = match error.fault {
                                Fault::Transient { .. } => true,
                                Fault::Drift { .. } => !passes,
                                Fault::RateLimited { .. }
                                | Fault::AuthExpired
                                | Fault::AuthRefused { .. }
                                | Fault::Rejected { .. }
                                | Fault::Taken { .. }
                                | Fault::Conflict
                                | Fault::Missing
                                | Fault::Uncertain
                                | Fault::Unsupported { .. } => false,
                            };
                            assert!(sensible, "{question:?}, request {request}, {trouble:?}: {error}");
                        }
                    }
                }
            }
        }
    });
}
