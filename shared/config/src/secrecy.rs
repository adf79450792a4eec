//! Keeps credentials out of the config, and out of what is shown of a config that holds one all the same.

/// What a key that asks for a credential has in its name.
const PARTS: [&str; 8] = ["password", "passphrase", "secret", "token", "private_key", "api_key", "apikey", "credential"];

/// Whether a key asks for a credential. `secret`, which names a connection's bundle, does not.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let key = key.to_lowercase().replace('-', "_");
    key != "secret" && (key == "key" || PARTS.iter().any(|part| key.contains(part)))
}

/// Whether an address carries a user or password before its host.
pub(crate) fn has_userinfo(value: &str) -> bool {
    value.split_once("://").is_some_and(|(_, rest)| rest.split(['/', '?', '#']).next().is_some_and(|host| host.contains('@')))
}

/// The text with credentials starred out, byte for byte as long as before. Works on lines, so that it holds for text that is no valid YAML.
pub(crate) fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    // Lines that are indented deeper than this belong to a secret that began above.
    let mut deeper_than: Option<usize> = None;
    let mut in_pem = false;
    for line in text.split_inclusive('\n') {
        let indentation = line.len() - line.trim_start_matches([' ', '-', '\t']).len();
        if deeper_than.is_some_and(|limit| !line.trim().is_empty() && indentation <= limit) {
            deeper_than = None;
        }
        in_pem |= line.contains("-----BEGIN");
        let from = if deeper_than.is_some() || in_pem { Some(0) } else { secret_start(line) };
        match from {
            Some(from) => {
                if from > 0 {
                    deeper_than = Some(indentation);
                }
                shown.push_str(&line[..from]);
                star(&line[from..], &mut shown);
            }
            None => shown.push_str(line),
        }
        if line.contains("-----END") {
            in_pem = false;
        }
    }
    shown
}

/// Where, in one line, a secret's value begins.
fn secret_start(line: &str) -> Option<usize> {
    let after_key = line.match_indices(':').find_map(|(at, _)| {
        let word = line[..at].trim_end_matches([' ', '"', '\'']);
        let start = word.rfind(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_' || sign == '-')).map_or(0, |at| at + 1);
        let key = word.get(start..).unwrap_or_default();
        (is_secret_key(key)).then_some(at + 1)
    });
    let userinfo = line.find("://").filter(|at| has_userinfo(line[*at..].split_whitespace().next().unwrap_or_default())).map(|at| at + 3);
    after_key.into_iter().chain(userinfo).min()
}

fn star(text: &str, shown: &mut String) {
    for sign in text.chars() {
        if sign.is_whitespace() {
            shown.push(sign);
        } else {
            shown.extend(std::iter::repeat_n('*', sign.len_utf8()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_starred_wherever_they_stand() {
        let cases = [
            ("api_key: hunter2\ndomain: acme\n", "api_key: *******\ndomain: acme\n"),
            ("a: { system: x, client_secret: hunter2 }\n", "a: { system: x, client_secret: ******* *\n"),
            ("  private_key: |\n    hun\n    ter2\n  next: 1\n", "  private_key: *\n    ***\n    ****\n  next: 1\n"),
            ("\"password\" : \"hunter2\"\n", "\"password\" : *********\n"),
            ("base_url: https://u:hunter2@acme.example/\n", "base_url: https://***********************\n"),
            (
                "x: |\n -----BEGIN PRIVATE KEY-----\n hunter2\n -----END PRIVATE KEY-----\ny: 1\n",
                "x: |\n ********** ******* ********\n *******\n ******** ******* ********\ny: 1\n",
            ),
            ("token: ü\n", "token: **\n"),
            ("secret: freshdesk\n", "secret: freshdesk\n"),
        ];
        for (text, expected) in cases {
            assert_eq!(masked(text), expected);
            assert_eq!(masked(text).len(), text.len());
        }
    }
}
