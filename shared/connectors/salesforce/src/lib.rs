//! syncline-salesforce
