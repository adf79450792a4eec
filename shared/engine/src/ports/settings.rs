//! What settings of many vendors have in common: addresses, account names and shares, checked in one way before a credential goes there.

use std::net::IpAddr;

/// The most that can be left to the customer's other integrations, in per cent: the rest must suffice for a sync.
const RESERVE_PERCENT_MAX: u8 = 90;
/// The longest label of a host name (RFC 1035).
const LABEL_CHARACTERS_MAX: usize = 63;

/// Why an address is none to which `credential` (in words: `the key`, `the token`) may be sent: it names a host by https, or one of this machine
/// by http, and carries neither a user nor a query.
///
/// # Errors
/// The rest of a sentence that begins with the setting's key.
pub fn check_address(address: &str, credential: &str) -> Result<(), String> {
    let uri: http::Uri = address.trim().parse().map_err(|_| "is no address")?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or("has no host")?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("carries a user name, which belongs into the secret".to_owned());
    }
    if uri.query().is_some() {
        return Err("has a query".to_owned());
    }
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback(host) => Ok(()),
        Some("http") => Err(format!("is plain http to another machine, which would send {credential} unprotected")),
        Some(_) | None => Err("is neither https nor http".to_owned()),
    }
}

/// Whether a host, as an address spells it, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The address without a slash at its end, and without the first of these paths that it ends with.
pub fn base_address(address: &str, paths: &[&str]) -> String {
    let address = address.trim().trim_end_matches('/');
    paths.iter().find_map(|path| address.strip_suffix(path)).unwrap_or(address).to_owned()
}

/// The account's host from its label (`acme`) or its host name (`acme.vendor.com`), in lower case. Only `<label>.<domain>` comes out, so that no
/// credential is ever sent elsewhere.
pub fn account_host(account: &str, domain: &str) -> Option<String> {
    let account = account.trim().to_ascii_lowercase();
    let label = account.strip_suffix(domain).and_then(|label| label.strip_suffix('.')).unwrap_or(&account);
    let good = !label.is_empty()
        && label.len() <= LABEL_CHARACTERS_MAX
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    good.then(|| format!("{label}.{domain}"))
}

/// A share of a limit that is left to others, in per cent: a whole number from 0 to 90.
pub fn reserve_percent(text: &str) -> Option<u8> {
    text.parse().ok().filter(|percent| *percent <= RESERVE_PERCENT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_only_on_this_machine() {
        for good in ["https://proxy.example", "http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:9", " https://a.example/api "] {
            assert_eq!(check_address(good, "the key"), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("http://api.example", "is plain http to another machine, which would send the key unprotected"),
            ("ftp://127.0.0.1", "is neither https nor http"),
            ("acme", "is neither https nor http"),
            ("http://user:pw@127.0.0.1", "carries a user name, which belongs into the secret"),
            ("https://a.example/?x=1", "has a query"),
            ("https:// a", "is no address"),
        ] {
            assert_eq!(check_address(bad, "the key").unwrap_err(), why, "{bad}");
        }
    }

    #[test]
    fn an_account_is_a_label_of_the_vendors_domain() {
        for (good, host) in [("acme", "acme.vendor.com"), (" Acme-2.vendor.com", "acme-2.vendor.com"), ("vendor", "vendor.vendor.com")] {
            assert_eq!(account_host(good, "vendor.com").as_deref(), Some(host), "{good}");
        }
        let long = "a".repeat(64);
        for bad in ["", "-a", "a-", "a.b", "acme.other.com", "a b", "a/b", ".vendor.com", &long] {
            assert_eq!(account_host(bad, "vendor.com"), None, "{bad}");
        }
    }

    #[test]
    fn a_base_loses_the_path_that_every_call_brings() {
        assert_eq!(base_address("http://127.0.0.1:80/v2/", &["/v1", "/v2"]), "http://127.0.0.1:80");
        assert_eq!(base_address("https://a.example/crm", &["/v1"]), "https://a.example/crm");
        assert_eq!(
            (reserve_percent("0"), reserve_percent("90"), reserve_percent("91"), reserve_percent("-1")),
            (Some(0), Some(90), None, None)
        );
    }
}
