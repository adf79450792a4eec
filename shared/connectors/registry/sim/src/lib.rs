//! syncline-registry-sim
