//! Questions to the text of Rust sources that need no compiler.

/// Whether an identifier stands in the text as a whole word, outside of comment lines.
pub fn mentions(text: &str, identifier: &str) -> bool {
    let is_part = |sign: Option<char>| sign.is_some_and(|sign| sign.is_alphanumeric() || sign == '_');
    text.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        line.match_indices(identifier).any(|(at, _)| {
            let (before, rest) = line.split_at(at);
            !is_part(before.chars().next_back()) && !is_part(rest.chars().nth(identifier.chars().count()))
        })
    })
}

/// The quoted words after `=>` in a function's match: the stable names that it gives.
///
/// # Errors
/// There is no such function, or it names nothing.
pub fn names_given_by(text: &str, function: &str) -> Result<Vec<String>, String> {
    let head = format!("fn {function}(");
    let (_, body) = text.split_once(&head).ok_or_else(|| format!("there is no function {function}"))?;
    let mut names = Vec::new();
    for line in body.lines().skip(1) {
        if line.trim_start().starts_with("pub ") || line.trim_start().starts_with("fn ") {
            break;
        }
        if let Some((_, right)) = line.split_once("=> \"")
            && let Some((name, _)) = right.split_once('"')
        {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() { Err(format!("the function {function} names nothing")) } else { Ok(names) }
}
