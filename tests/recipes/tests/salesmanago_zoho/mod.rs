//! SALESmanago and Zoho CRM: SZ-1 to SZ-7.

mod consent;
mod fields;
mod modules;
mod setup;
