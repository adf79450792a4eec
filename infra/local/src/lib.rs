//! syncline-local
