//! What the mains of the functions share: their settings, the ports on AWS, the engine, deadlines, and HTTP requests as events bring them.
//!
//! Nothing here reaches the network before an event needs it: a stranger's request, or an event that asks for nothing, is answered by a
//! function that has called nobody. So a cold start stays near that of a bare runtime.

mod host;
pub mod metrics;
mod start;
mod web;

pub use host::{Host, Vendors, deadline, log};
pub use web::{request, response};
