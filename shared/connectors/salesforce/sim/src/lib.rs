//! syncline-salesforce-sim
