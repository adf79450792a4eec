//! An installation on its way from one place to another: what moves and what stays, the file that it travels in.

pub(crate) mod file;
pub(crate) mod kind;
pub(crate) mod landing;
pub(crate) mod standing;
