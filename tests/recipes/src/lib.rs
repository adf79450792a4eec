//! A world for the recipes' tests: the engine on its embedded store and queue, the vendors' simulators behind their APIs, and a clock that
//! the test moves. A change goes from one API, through the connectors, the queue and the store, to the other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::field_reassign_with_default,
    clippy::needless_pass_by_value,
    reason = "a test's world fails the test that made it, and the simulators' profiles are open for more settings"
)]

mod agents;
mod clock;
mod customers;
mod map;
mod replica;
mod stage;
mod world;

pub use agents::{Agents, AgentsSetup};
pub use clock::{CountingDice, TestClock};
pub use customers::{Customers, CustomersSetup};
pub use map::MapWorld;
pub use replica::{Replica, ReplicaSetup};
pub use stage::Stage;
pub use world::{Memory, World, WorldSetup};
