//! What the engine needs from outside, as traits: vendors, store, queue, time, chance, secrets. Production, the local runner and
//! the simulation each bring their own.

pub mod clock;
pub mod connector;
pub mod directory;
pub mod http;
pub mod outbox;
pub mod secrets;
pub mod settings;
pub mod sign_in;
pub mod store;
pub mod vendor;
pub mod webhook;
