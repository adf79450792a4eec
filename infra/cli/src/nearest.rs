//! "Did you mean": the known name that somebody most likely meant.

/// A hint for a name that is not known.
pub(crate) fn suggestion<'a>(written: &str, known: impl Iterator<Item = &'a str>, what: &str) -> String {
    let known: Vec<&str> = known.collect();
    let lower = written.to_lowercase();
    let close = |name: &&str| {
        let distance = strsim::damerau_levenshtein(&lower, &name.to_lowercase());
        distance <= (name.chars().count().max(written.chars().count()) / 3).max(1)
    };
    let nearest = known.iter().copied().filter(close).min_by_key(|name| strsim::damerau_levenshtein(&lower, &name.to_lowercase()));
    match nearest {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("{what}: {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}
