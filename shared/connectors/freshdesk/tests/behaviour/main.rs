//! What the connector asks and answers, through its public interface only.

mod against_simulator;
mod finding;
mod listing;
mod reading;
mod scripted;
mod writing;
