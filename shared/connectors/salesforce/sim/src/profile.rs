//! How a simulated org is set up.

/// The duplicate rule's action on a match (fact sheet §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateRule {
    Off,
    /// Refused unless the caller's header allows the save.
    Alert,
    /// Refused whatever the header says.
    Block,
}

/// What a trigger does to a text after it was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewrite {
    UpperCase,
    LowerCase,
    /// Blanks inside become one.
    SingleSpaces,
    /// A leading plus and the digits.
    PhoneDigits,
    /// At most so many characters.
    Truncate(usize),
}

/// A customer's automation that changes a field after each save, so that an echo differs from what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    pub object: String,
    pub field: String,
    pub rewrite: Rewrite,
}

/// A simulated org. `Default` is an Enterprise-like one with API v66.0, kind in everything that an org may choose.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that an org has or has not thrown")]
#[derive(Clone, Debug)]
pub struct Profile {
    /// Decides the ids, the tokens and the spread of stamps.
    pub seed: u64,
    /// Without a trailing slash. Also an audience that a JWT may name, so that a simulator on a port can be reached.
    pub instance_url: String,
    /// API calls per rolling 24 hours.
    pub daily_calls: u32,
    /// Records per query page at most; a real page has 2,000, and odd sizes are as legal.
    pub page_records: u32,
    /// Seconds between the stamp of a slow save and the moment it becomes visible.
    pub commit_lag_s: u32,
    /// Whether saves by the human user are slow, too: through the API, and in the screens.
    pub human_saves_lag: bool,
    pub duplicate_rule: DuplicateRule,
    pub triggers: Vec<Trigger>,
    /// Fields that field-level security hides from the integration user, as `Contact.X__c`.
    pub hidden_fields: Vec<String>,
    /// Multi-select pick lists come back in the pick list's order.
    pub reorders_multipicklist: bool,
    /// A refresh token is used once; using it again kills the chain.
    pub rotates_refresh_tokens: bool,
    /// Seconds that a minted session lives. Answers never tell it.
    pub session_s: u32,
    /// Whether the object Order exists: an org has to switch it on (fact sheet §2.4: unverified).
    pub orders_enabled: bool,
    /// Every so manieth write to a record with an account fails with `UNABLE_TO_LOCK_ROW`; 0 for never.
    pub lock_every: u32,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            seed: 1,
            instance_url: "https://simulator.my.salesforce.com".to_owned(),
            daily_calls: 100_000,
            page_records: 2_000,
            commit_lag_s: 0,
            human_saves_lag: false,
            duplicate_rule: DuplicateRule::Off,
            triggers: Vec::new(),
            hidden_fields: Vec::new(),
            reorders_multipicklist: false,
            rotates_refresh_tokens: false,
            session_s: 7_200,
            orders_enabled: true,
            lock_every: 0,
        }
    }
}

impl Rewrite {
    pub(crate) fn apply(&self, text: &str) -> String {
        match self {
            Self::UpperCase => text.to_uppercase(),
            Self::LowerCase => text.to_lowercase(),
            Self::SingleSpaces => text.split_whitespace().collect::<Vec<_>>().join(" "),
            Self::PhoneDigits => {
                let plus = if text.starts_with('+') { "+" } else { "" };
                format!("{plus}{}", text.chars().filter(char::is_ascii_digit).collect::<String>())
            }
            Self::Truncate(length) => text.chars().take(*length).collect(),
        }
    }
}
