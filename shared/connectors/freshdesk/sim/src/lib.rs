//! syncline-freshdesk-sim
