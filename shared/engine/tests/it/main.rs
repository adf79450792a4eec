//! The engine's long work, through its public face, over ports in memory that fail on demand.

#[cfg(test)]
mod backfill;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod late;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod preview;
#[cfg(test)]
mod relatives;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod sweep;
