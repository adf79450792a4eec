//! The one place that names the simulators. Generated between the markers.

use crate::Simulated;

pub(crate) static SIMULATORS: &[Simulated] = &[
    // vendors: begin (generated)
    crate::aircall::SIMULATED,
    crate::freshdesk::SIMULATED,
    crate::mapsly::SIMULATED,
    crate::postgres::SIMULATED,
    crate::salesforce::SIMULATED,
    crate::salesmanago::SIMULATED,
    crate::zendesk_sell::SIMULATED,
    crate::zendesk_support::SIMULATED,
    crate::zoho_crm::SIMULATED,
    // vendors: end
];
