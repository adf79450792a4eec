//! The simulator, driven through `handle`: every must-have of the fact sheet's §8.1, by its letter, and the recorded shapes.

mod access;
mod bulk;
mod desk;
mod metadata;
mod reading;
mod recorded;
mod removal;
mod writing;
