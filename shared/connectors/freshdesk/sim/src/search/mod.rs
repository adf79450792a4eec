//! GET /search/…: a query language of its own (fact sheet §3.3), over an index that lags behind the writes.

mod grammar;
mod index;

pub(crate) use grammar::{KeyType, parse};
pub(crate) use index::{Index, Operand, Searchable};
