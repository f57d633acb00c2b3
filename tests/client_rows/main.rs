//! The rows of the book's HTTP client and its agent, each shown end to end, and everything that a
//! server may do wrong.

#[path = "../support/mod.rs"]
#[allow(unused_imports)] // each test binary uses its own part of this
mod support;

mod a01_options;
mod a02_body;
mod a03_transcripts;
mod a04_events;
mod a05_agent;
mod a06_retry;
mod a06_reuse;
mod a07_proxy;
mod closing;
mod deadlines;
mod early;
mod expect;
mod leases;
mod misbehaving;
mod peer;
mod played;
mod redirects;
mod stage;
mod vectors;
