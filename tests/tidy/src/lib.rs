//! syncline-tidy
