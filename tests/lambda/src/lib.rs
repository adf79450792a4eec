//! The functions' binaries as Lambda runs them: a host for the Runtime API, the parts of AWS that they speak to, and both vendors' simulators.
//!
//! The binaries are those that lie beside this test's own (`make test` builds them), or those that `make lambda` has packed into the folder that
//! `SYNCLINE_BINARIES` names: so `make e2e` runs the same tests over the release build. Nothing of a function is called but through its process.
//! The command line is run at the same world, as its operator would.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test's world fails the test that made it"
)]

pub mod cloud;
pub mod command_line;
pub mod event;
pub mod function;
pub mod runtime_api;
pub mod stored;
pub mod world;

pub use function::Function;
pub use runtime_api::{Answer, RuntimeApi};
pub use world::World;
