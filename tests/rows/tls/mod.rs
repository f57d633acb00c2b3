//! The rows of the book's TLS section, each shown end to end.
//!
//! A test is named after its row (`row_t03_…`) or after the mistake in the notes that it corrects
//! (`erratum_e37_…`).
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | T03, E37 | `t03_asking` | which side is asked for a certificate, and the consequences |
//! | T04 | `t04_client` | the book's client and server, over TCP |
//! | T06, E33 to E36 | `t06_servers` | every certificate that a client refuses, and its error |
//! | T06 | `t06_options` | every certificate and key that cannot be used, and its error |
//! | T06 | `t06_pem` | every form of a PEM text, and which of them are refused |
//! | T06 | `t06_peers` | peers that speak no TLS, or have no version or cipher suite in common with us |
//! | T07 | `t07_names`, `t07_sessions`, `t07_exchange`, `t07_key_log` | SNI and ALPN, sessions, new certificates, Wireshark |
//! | T08 | `t08_same_handler` | only the certificate options differ |
//! | beside the rows | `fault_outdated_ca` | a CA that has expired issues nothing |
//! | beside the rows | `half_close` | a half-close over a full socket |
//! | T08 | `slow_peers` | slow peers: which are waited for, and which are cut |
//! | all | `stage` | the certificates, and handshakes between two sides |
//!
//! What must be alone in its process to be measured is in `tests/leftovers/tls.rs`.

mod fault_outdated_ca;
mod half_close;
mod slow_peers;
pub(crate) mod stage;
mod t03_asking;
mod t04_client;
mod t06_options;
mod t06_peers;
mod t06_pem;
mod t06_servers;
mod t07_exchange;
mod t07_key_log;
mod t07_names;
mod t07_sessions;
mod t08_same_handler;
