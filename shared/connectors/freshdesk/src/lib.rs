//! syncline-freshdesk
