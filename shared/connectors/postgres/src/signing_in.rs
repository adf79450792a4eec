//! Signing in and out: a role's password.

use syncline_engine::ports::sign_in::{Keys, Revoked, Way};

pub(crate) const PASSWORD: Way = Way::Keys(Keys { label: "the role's password", names: &["password"] });

pub(crate) fn by_hand() -> Revoked {
    Revoked::ByHand { how: "As an administrator of the database: DROP ROLE, or ALTER ROLE … PASSWORD NULL.".to_owned() }
}
