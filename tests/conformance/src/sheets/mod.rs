//! One sheet a vendor.

mod freshdesk;
mod list;
mod salesforce;

use crate::sheet::Sheet;

/// All sheets, in order of their systems' names.
pub fn sheets() -> &'static [&'static Sheet] {
    list::SHEETS
}
