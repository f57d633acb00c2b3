//! Where the servers are.

use std::net::SocketAddr;

/// The address of each server, at the place that has its name.
pub(crate) type Addresses = [SocketAddr; 7];

/// In the order of [`Addresses`]; the last does not accept connections.
pub(crate) const NAMES: [&str; 7] = ["tcp", "events", "http", "ws", "tls", "wss", "udp"];
pub(crate) const CONNECTED: usize = 6;

/// A pipe from the connection to itself.
pub(crate) const TCP: usize = 0;
/// What comes is written back by the event `data`.
pub(crate) const EVENTS: usize = 1;
/// The routes of `http_server`.
pub(crate) const HTTP: usize = 2;
/// The routes of `ws_server`, and `/two`.
pub(crate) const WS: usize = 3;
/// A pipe from the connection to itself.
pub(crate) const TLS: usize = 4;
/// The routes of `ws_server`, under TLS.
pub(crate) const WSS: usize = 5;
/// A datagram goes back where it came from.
pub(crate) const UDP: usize = 6;

pub(crate) fn from_text(text: &str) -> Option<Addresses> {
    let addresses = text.split_whitespace().map(|address| address.parse().ok());
    addresses.collect::<Option<Vec<_>>>()?.try_into().ok()
}

pub(crate) fn to_text(at: &Addresses) -> String {
    at.map(|address| address.to_string()).join(" ")
}
