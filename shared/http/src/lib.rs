//! syncline-http
