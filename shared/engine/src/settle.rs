//! What a fault means for a record: the one place that decides it. Time and chance arrive as values.

use jiff::SignedDuration;
use syncline_mapping::{HoldReason, ProblemNote};
use syncline_model::{Fault, FieldName, Problem, RecordId, Timestamp};

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Again then; `counts`: towards the attempts after which it is held.
    RetryAt { at: Timestamp, counts: bool },
    /// A person must look.
    Hold(HoldReason),
    /// The whole connection stops; the record waits until it runs again.
    StopConnection { hint: String, at: Timestamp },
    /// The counterpart is gone: find out what that means.
    CounterpartGone,
    /// Somebody has the value already: see who.
    SeeHolders { field: Option<FieldName>, holders: Vec<RecordId> },
}

/// After so many counted attempts a record is held.
pub const ATTEMPTS_MAX: u32 = 8;

/// How often an answer of unknown shape is asked for again before its record is held.
pub const DRIFT_LOOKS: u32 = 3;

/// Decides. `attempt` counts from 0; `roll` spreads retries.
pub fn settle(fault: &Fault, attempt: u32, now: Timestamp, roll: u64) -> Disposition {
    let hold_or_retry = |at: Timestamp| {
        if attempt + 1 >= ATTEMPTS_MAX {
            Disposition::Hold(HoldReason::TriedTooOften { fault: fault.code().to_owned(), attempts: attempt + 1 })
        } else {
            Disposition::RetryAt { at, counts: true }
        }
    };
    match fault {
        // Bounded by time, not by attempts: a spent quota is nobody's mistake.
        Fault::RateLimited { until } => Disposition::RetryAt { at: (*until).max(now) + jitter(roll), counts: false },
        // After an answer that never came, the next delivery looks before it repeats anything.
        Fault::Transient { .. } | Fault::Uncertain => hold_or_retry(backoff(attempt, now, roll)),
        Fault::Conflict | Fault::AuthExpired => hold_or_retry(now + SignedDuration::from_secs(1)),
        Fault::AuthRefused { hint } => {
            Disposition::StopConnection { hint: hint.clone(), at: now + crate::state::STOPPED_RETRY + jitter(roll) }
        }
        Fault::Rejected { problems } => Disposition::Hold(HoldReason::Refused { problems: problems.iter().map(note).collect() }),
        Fault::Taken { field, holders } => Disposition::SeeHolders { field: field.clone(), holders: holders.clone() },
        Fault::Missing if attempt + 1 >= ATTEMPTS_MAX => {
            Disposition::Hold(HoldReason::TriedTooOften { fault: fault.code().to_owned(), attempts: attempt + 1 })
        }
        Fault::Missing => Disposition::CounterpartGone,
        Fault::Unsupported { capability } => Disposition::Hold(HoldReason::Refused {
            problems: vec![ProblemNote { field: None, problem: format!("this system has no {capability}") }],
        }),
        // A maintenance page passes; a shape that we do not know stays, and is held after a few looks.
        Fault::Drift { .. } if attempt < DRIFT_LOOKS => Disposition::RetryAt { at: backoff(attempt, now, roll), counts: true },
        Fault::Drift { path, expected, found } => {
            Disposition::Hold(HoldReason::Unreadable { path: path.clone(), expected: expected.clone(), found: found.clone() })
        }
    }
}

fn note(problem: &Problem) -> ProblemNote {
    ProblemNote { field: problem.field.clone(), problem: format!("{} ({})", problem.words, problem.code) }
}

/// 2, 8, 32 seconds … to an hour, half of it by chance.
pub fn backoff(attempt: u32, now: Timestamp, roll: u64) -> Timestamp {
    let seconds = 2_i64.saturating_mul(4_i64.saturating_pow(attempt.min(6))).min(3600);
    let millis = seconds * 500 + i64::try_from(roll % 1000).unwrap_or(0) * seconds / 2;
    now + SignedDuration::from_millis(millis)
}

fn jitter(roll: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(roll % 2000).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn every_path_ends() {
        for fault in [Fault::Transient { detail: "503".into() }, Fault::Uncertain, Fault::Conflict, Fault::AuthExpired, Fault::Missing] {
            let ends = (0..=ATTEMPTS_MAX).find(|attempt| matches!(settle(&fault, *attempt, now(), 7), Disposition::Hold(_)));
            assert_eq!(ends, Some(ATTEMPTS_MAX - 1), "{}", fault.code());
        }
    }

    #[test]
    fn a_spent_budget_never_holds_a_record() {
        let until = now() + SignedDuration::from_hours(5);
        let next = settle(&Fault::RateLimited { until }, 10_000, now(), 0);
        assert_eq!(next, Disposition::RetryAt { at: until, counts: false });
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let waits: Vec<i64> = (0..12).map(|attempt| backoff(attempt, now(), 0).duration_since(now()).as_secs()).collect();
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(waits[0] >= 1 && waits[11] <= 3600);
    }
}
