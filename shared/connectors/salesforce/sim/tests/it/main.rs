//! The simulator, driven through `handle`: every must-have of the fact sheet's §8.1, by its letter, and the recorded shapes.

#[cfg(test)]
mod access;
#[cfg(test)]
mod bulk;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod metadata;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod removal;
#[cfg(test)]
mod writing;
