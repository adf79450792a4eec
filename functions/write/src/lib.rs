//! syncline-write
