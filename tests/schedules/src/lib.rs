//! barewire's own threads, under schedules that a seed decides. See README.md.
#![forbid(unsafe_code)]
// What is copied is linted where it comes from.
#![allow(
    clippy::all,
    dead_code,
    private_bounds,
    private_interfaces,
    unused_doc_comments,
    unused_imports
)]

#[macro_use]
#[warn(clippy::all)]
mod shim;
#[cfg(test)]
#[warn(clippy::all, dead_code, unused_imports)]
mod explore;
#[cfg(test)]
#[warn(clippy::all, dead_code, unused_imports)]
mod tests;

include!(concat!(env!("OUT_DIR"), "/barewire/lib.rs"));
