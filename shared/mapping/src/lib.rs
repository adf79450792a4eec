//! syncline-mapping
