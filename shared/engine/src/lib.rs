//! The engine: use cases over ports. It knows no vendor, no HTTP client, no AWS.

pub mod ports;
