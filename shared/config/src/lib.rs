//! syncline-config
