//! Framing: the book's rows S02 to S06, and the errata E13 to E18.
//!
//! [`cuts`] tests the property that defines a framer: however the stream is cut, the messages are the same.
//! [`row_s02_fixed`] and the other rows test one framer each. [`erratum_e13_fixed`] and the other errata have
//! the notes' programs, written again in Rust, which fail exactly as the originals fail, and ours on the same
//! cuts.

mod borrowed;
mod cuts;
mod drawn;
mod erratum_e13_fixed;
mod erratum_e14_delimiter;
mod erratum_e15_signed;
mod erratum_e16_empty;
mod erratum_e17_growing;
mod erratum_e18_shared;
mod feed;
mod limits;
mod linear;
mod random;
mod row_s02_fixed;
mod row_s03_delimiter;
mod row_s04_header;
mod row_s05_ring;
mod stack_buffer;

/// The message of the notes' demos, which send it 18 times.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
