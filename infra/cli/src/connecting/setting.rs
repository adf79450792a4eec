//! One setting of a connection written into the configuration, with its comments and order left as they are.

use syncline_config::Config;
use syncline_model::ConnectionName;

/// The text with this setting of this connection changed; `None` where it does not stand on a line of its own, in block style.
pub(crate) fn with_setting(text: &str, connection: &ConnectionName, key: &str, value: &str) -> Option<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_key = |line: &str, key: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // Where each block begins, and how deep; an empty line or a comment ends none.
    let mut begun: Vec<(&str, usize)> = Vec::new();
    let path = ["connections", connection.as_str(), key];
    for (number, line) in lines.iter().enumerate() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        while begun.last().is_some_and(|(_, depth)| *depth >= indent(line)) {
            begun.pop();
        }
        let wanted = path.get(begun.len())?;
        let is_deeper = begun.last().is_none_or(|(_, depth)| indent(line) > *depth);
        if !is_deeper || !is_key(line, wanted) || (begun.is_empty() && indent(line) > 0) {
            continue;
        }
        begun.push((wanted, indent(line)));
        if begun.len() == path.len() {
            let comment = line.find(" #").map_or("", |at| line.get(at..).unwrap_or_default().trim_end());
            let end = if line.ends_with('\n') { "\n" } else { "" };
            let changed = format!("{}{key}: {value}{comment}{end}", " ".repeat(indent(line)));
            return Some(lines.iter().enumerate().map(|(at, line)| if at == number { changed.as_str() } else { line }).collect());
        }
    }
    None
}

/// Whether two configurations differ in this setting alone.
pub(crate) fn differs_only_in(before: &Config, after: &Config, connection: &ConnectionName, key: &str, value: &str) -> bool {
    let mut expected = before.connections.clone();
    if let Some(own) = expected.get_mut(connection) {
        own.settings.insert(key.to_owned(), value.to_owned());
    }
    format!("{expected:?}") == format!("{:?}", after.connections) && format!("{:?}", before.syncs) == format!("{:?}", after.syncs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: 1 # first\nconnections:\n  sell: { system: zendesk_sell }\n  zendesk:\n    # whose\n    system: zendesk_support\n\n    subdomain: acme # ours\n  other:\n    subdomain: acme\nsyncs: {}\n";

    #[test]
    fn one_line_changes_and_its_comment_stays() {
        let changed = with_setting(TEXT, &"zendesk".into(), "subdomain", "globex").unwrap();
        assert_eq!(changed, TEXT.replacen("subdomain: acme # ours", "subdomain: globex # ours", 1));
        let other = with_setting(TEXT, &"other".into(), "subdomain", "globex").unwrap();
        assert_eq!(other, TEXT.replace("  other:\n    subdomain: acme", "  other:\n    subdomain: globex"));
    }

    #[test]
    fn what_does_not_stand_on_a_line_of_its_own_is_left_to_a_person() {
        assert_eq!(with_setting(TEXT, &"sell".into(), "auth", "refresh_token"), None);
        assert_eq!(with_setting(TEXT, &"zendesk".into(), "base_url", "x"), None);
        assert_eq!(with_setting("connections: { zendesk: { subdomain: acme } }\n", &"zendesk".into(), "subdomain", "x"), None);
    }
}
