//! The one place that names the simulators. Generated between the markers.

use crate::Simulated;

pub(crate) static SIMULATORS: &[Simulated] = &[
    // vendors: begin (generated)
    crate::freshdesk::SIMULATED,
    crate::salesforce::SIMULATED,
    // vendors: end
];
