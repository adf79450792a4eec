//! syncline-aws
