//! What the decision does, case by case and as laws, through the crate's public face.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod contacts;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod owners;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod sets;
#[cfg(test)]
mod statuses;
#[cfg(test)]
mod world;
