//! syncline-panel
