//! A world for the recipes' tests: the engine on its embedded store and queue, the vendors' simulators behind their APIs, and a clock that
//! the test moves. A change goes from one API, through the connectors, the queue and the store, to the other.

mod clock;
mod world;

pub use clock::{CountingDice, TestClock};
pub use world::{Memory, World, WorldSetup};
