//! The connector against a whole simulated organisation, through its public interface only, with a clock that the test moves.

mod account;
mod finding;
mod listing;
mod sessions;
mod world;
mod writing;
mod writing_badly;
