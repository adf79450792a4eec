//! How a person signs the connection in: with what the account's settings show, and a text of their own.

use syncline_engine::ports::sign_in::{Keys, Revoked, Way};

pub(crate) const KEYS: Way =
    Way::Keys(Keys { label: "the client id and the API secret of the account", names: &["client_id", "api_key", "api_secret"] });

/// The vendor has no call that ends a credential (fact sheet §1: a pair of key and sha is valid for ever).
pub(crate) fn by_hand() -> Revoked {
    let how = "SALESmanago, Integration Center, API: make a new API secret; every proof that was made with the old one ends with it.";
    Revoked::ByHand { how: how.to_owned() }
}
