//! The list of sheets. Generated between the markers.

use crate::sheet::Sheet;

pub(crate) static SHEETS: &[&Sheet] = &[
    // vendors: begin (generated)
    &super::freshdesk::SHEET,
    &super::salesforce::SHEET,
    // vendors: end
];
