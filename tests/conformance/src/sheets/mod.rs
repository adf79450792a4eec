//! One sheet a vendor.

mod aircall;
mod freshdesk;
mod list;
mod mapsly;
mod postgres;
mod salesforce;
mod salesmanago;
mod zendesk_sell;
mod zendesk_support;
mod zoho_crm;

use crate::sheet::Sheet;

/// All sheets, in order of their systems' names.
pub fn sheets() -> &'static [&'static Sheet] {
    list::SHEETS
}
