//! TLS, as far as it can be read without a key: records, handshake messages, alerts, certificates.
//!
//! `record.rs` cuts the bytes into records and puts the messages together; `handshake.rs`, `extensions.rs` and
//! `certificate.rs` paint what is in a message, with the tables in `codes.rs` and the reader in `fields.rs`.

mod certificate;
mod codes;
mod extensions;
mod fields;
mod handshake;
mod record;

pub(super) use record::Records;
