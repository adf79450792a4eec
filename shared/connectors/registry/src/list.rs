//! The one place that names the vendors. Generated between the markers.

use syncline_engine::ports::vendor::Vendor;

pub(crate) static VENDORS: &[&dyn Vendor] = &[
    // vendors: begin (generated)
    &syncline_aircall::VENDOR,
    &syncline_freshdesk::VENDOR,
    &syncline_mapsly::VENDOR,
    &syncline_postgres::VENDOR,
    &syncline_salesforce::VENDOR,
    &syncline_salesmanago::VENDOR,
    &syncline_zendesk_sell::VENDOR,
    &syncline_zendesk_support::VENDOR,
    &syncline_zoho_crm::VENDOR,
    // vendors: end
];
