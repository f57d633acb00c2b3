//! The exchanges of the page, in its order.
//!
//! # To add one
//!
//! 1. A function `fn hello(stage: &Stage) -> Result<(), Stop>` in the file of its subject: see `http.rs`.
//! 2. A row of the table `EXCHANGES` of that file, and the file's name in [`all`].
//! 3. Its words in both languages: `page/text/`.

mod certificates;
mod flow;
mod framing;
mod hello;
mod http;
mod stage;
mod tcp;
mod tls;
mod udp;

pub(crate) use stage::{Exchange, play};
#[cfg(test)]
pub(crate) use stage::{Stage, Stop};

/// All exchanges, in the order of the page.
pub(crate) fn all() -> impl Iterator<Item = &'static Exchange> {
    [
        tcp::EXCHANGES,
        framing::EXCHANGES,
        flow::EXCHANGES,
        udp::EXCHANGES,
        http::EXCHANGES,
        tls::EXCHANGES,
        certificates::EXCHANGES,
    ]
    .into_iter()
    .flatten()
}

/// The exchange of this name.
pub(crate) fn find(id: &str) -> Option<&'static Exchange> {
    all().find(|exchange| exchange.id == id)
}
