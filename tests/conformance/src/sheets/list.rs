//! The list of sheets. Generated between the markers.

use crate::sheet::Sheet;

pub(crate) static SHEETS: &[&Sheet] = &[
    // vendors: begin (generated)
    &super::aircall::SHEET,
    &super::freshdesk::SHEET,
    &super::mapsly::SHEET,
    &super::postgres::SHEET,
    &super::salesforce::SHEET,
    &super::salesmanago::SHEET,
    &super::zendesk_sell::SHEET,
    &super::zendesk_support::SHEET,
    &super::zoho_crm::SHEET,
    // vendors: end
];
