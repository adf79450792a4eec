//! Who works in a system: the people that its records can belong to.

use syncline_model::RecordId;

use super::connector::Cursor;

/// A person who can own records: an agent, a salesperson.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// As an owner field of the system's records holds it: the vendor's id, or the email where the vendor writes emails there. Such a field reads
    /// and writes `Value::Reference` of this.
    pub id: RecordId,
    /// As the vendor spells it; `None` where it shows none. Users of two systems are the same person where their emails are, whatever the case.
    pub email: Option<String>,
    /// Whether records may be given to them: `false` for who was deactivated.
    pub active: bool,
}

/// Shows no email: users pass through test failures.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let email = if self.email.is_some() { "an email" } else { "no email" };
        write!(f, "user {} with {email}, {}", self.id, if self.active { "active" } else { "inactive" })
    }
}

/// One page of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPage {
    pub users: Vec<User>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<Cursor>,
}
