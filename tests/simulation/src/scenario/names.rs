//! The recipes that are tried, each in a series of worlds of its own.

use jiff::Timestamp;

use super::{Recipe, Scenario, aircall_zendesk_support, freshdesk_salesforce, salesmanago_zoho_crm, zendesk_sell_postgres};

/// One of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecipeName {
    #[default]
    FreshdeskSalesforce,
    AircallZendeskSupport,
    SalesmanagoZohoCrm,
    ZendeskSellPostgres,
}

impl RecipeName {
    pub const ALL: [Self; 4] =
        [Self::FreshdeskSalesforce, Self::AircallZendeskSupport, Self::SalesmanagoZohoCrm, Self::ZendeskSellPostgres];

    /// As it is shipped.
    pub fn words(self) -> &'static str {
        match self {
            Self::FreshdeskSalesforce => "freshdesk-salesforce",
            Self::AircallZendeskSupport => "aircall-zendesk_support",
            Self::ZendeskSellPostgres => "zendesk_sell-postgres",
            Self::SalesmanagoZohoCrm => "salesmanago-zoho_crm",
        }
    }

    /// The one of this name.
    pub fn of(words: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recipe| recipe.words() == words)
    }

    /// The recipe as a scenario has it.
    pub fn recipe(self, scenario: &Scenario, at: Timestamp) -> Recipe {
        match self {
            Self::FreshdeskSalesforce => freshdesk_salesforce(scenario, at),
            Self::AircallZendeskSupport => aircall_zendesk_support(scenario),
            Self::ZendeskSellPostgres => zendesk_sell_postgres(scenario),
            Self::SalesmanagoZohoCrm => salesmanago_zoho_crm(scenario),
        }
    }
}
