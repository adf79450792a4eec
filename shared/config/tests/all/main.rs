//! The config through its public interface.

mod metadata;
mod problems;
mod reading;
mod recipes;
mod schedules;
mod world;
