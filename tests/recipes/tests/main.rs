//! The recipes, behaviour by behaviour: each test is named after the behaviour that it shows. Beside them, what the promises P-1 to P-10
//! mean for this recipe when vendors, network and queue are unkind.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::field_reassign_with_default,
    reason = "a test's helper fails the test that called it, and the simulators' profiles are open for more settings"
)]

mod aircall_zendesk;
mod bad_answers;
mod budgets;
mod freshdesk_salesforce;
mod owners;
mod promises;
mod salesmanago_zoho;
mod sell_postgres;
mod zendesk_sell_mapsly;
