//! The organisation from outside: what a client and its people see.

mod access;
mod converting;
mod desk;
mod reading;
mod recorded;
mod watching;
mod writing;
