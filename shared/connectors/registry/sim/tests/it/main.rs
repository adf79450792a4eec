//! Each vendor of this build and its simulator, without knowing which.

#![allow(clippy::expect_used, clippy::panic, reason = "what the tests stand on fails as loudly as they do")]

mod signing_in;
