//! Which record of the other side is the same thing: the first key with exactly one free hit wins.

use serde::{Deserialize, Serialize};
use syncline_model::RecordId;
use syncline_model::mutant::{Mutant, planted};

/// What the keys found, in their order. Each list holds the live records of the other side that agree on the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// By key: its name for people, whether its value belongs to one record a side, and the hits.
    pub by_key: Vec<KeyHits>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHits {
    pub key: String,
    pub unique: bool,
    /// Each hit, and the record of this side that it is linked to, if it is.
    pub hits: Vec<(RecordId, Option<RecordId>)>,
}

/// What the candidates come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// This one is the counterpart.
    Is(RecordId),
    /// There is none: it may be created.
    Nobody,
    /// Several could be it: a person decides.
    Ambiguous { key: String, candidates: Vec<RecordId> },
    /// The value that belongs to one record only is on a record that is linked to another one of this side.
    Taken { key: String, holder: RecordId, linked_to: RecordId },
}

/// Decides. A hit that is linked elsewhere is no candidate on an ordinary key (households share phones), and ends the matter on a unique one.
pub fn choose(candidates: &Candidates) -> Choice {
    for found in &candidates.by_key {
        let free: Vec<&RecordId> = found.hits.iter().filter(|(_, linked)| linked.is_none()).map(|(id, _)| id).collect();
        if let [only] = free.as_slice() {
            return Choice::Is((*only).clone());
        }
        if let [first, _, ..] = free.as_slice()
            && planted(Mutant::CandidateFirst)
        {
            return Choice::Is((*first).clone());
        }
        if free.len() > 1 {
            return Choice::Ambiguous { key: found.key.clone(), candidates: free.into_iter().cloned().collect() };
        }
        if found.unique
            && let Some((holder, Some(linked_to))) = found.hits.first()
        {
            return Choice::Taken { key: found.key.clone(), holder: holder.clone(), linked_to: linked_to.clone() };
        }
    }
    Choice::Nobody
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(key: &str, unique: bool, hits: &[(&str, Option<&str>)]) -> KeyHits {
        KeyHits {
            key: key.into(),
            unique,
            hits: hits.iter().map(|(id, linked)| (RecordId::from(*id), linked.map(RecordId::from))).collect(),
        }
    }

    #[test]
    fn the_first_key_with_exactly_one_free_hit_wins() {
        let is = |id: &str| Choice::Is(id.into());
        let cases = [
            (vec![], Choice::Nobody),
            (vec![hits("email", true, &[("1", None)]), hits("mobile", false, &[("2", None)])], is("1")),
            (vec![hits("email", true, &[]), hits("mobile", false, &[("2", None)])], is("2")),
            (vec![hits("email", true, &[]), hits("mobile", false, &[("2", Some("x")), ("3", None)])], is("3")),
            (vec![hits("mobile", false, &[("2", Some("x"))])], Choice::Nobody),
            (
                vec![hits("email", true, &[("2", Some("x"))]), hits("mobile", false, &[("3", None)])],
                Choice::Taken { key: "email".into(), holder: "2".into(), linked_to: "x".into() },
            ),
            (
                vec![hits("email", true, &[("1", None), ("2", None)]), hits("mobile", false, &[("3", None)])],
                Choice::Ambiguous { key: "email".into(), candidates: vec!["1".into(), "2".into()] },
            ),
        ];
        for (by_key, expected) in cases {
            assert_eq!(choose(&Candidates { by_key }), expected);
        }
    }
}
