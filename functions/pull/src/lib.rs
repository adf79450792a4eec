//! syncline-pull
