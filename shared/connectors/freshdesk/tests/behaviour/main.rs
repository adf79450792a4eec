//! What the connector asks and answers, through its public interface only.

mod finding;
mod listing;
mod reading;
mod scripted;
mod writing;
