//! syncline-webhook
