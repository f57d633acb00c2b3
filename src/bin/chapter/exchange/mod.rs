//! The exchanges of the page, in its order.
//!
//! # To add one
//!
//! 1. A function `fn hello(stage: &Stage) -> Result<(), Stop>` in the file of its subject: see `http.rs`.
//! 2. A row of the table `EXCHANGES` of that file, and the file's name in [`all`].
//! 3. Its words in both languages: `page/text/`.

mod agent;
mod bodies;
mod certificates;
mod editor;
mod flow;
mod frames;
mod framing;
mod hello;
mod http;
mod news;
pub(crate) mod resource;
mod room;
mod smuggling;
mod stage;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;
mod udp;
pub(crate) mod vectors;
mod websocket;

pub(crate) use stage::{Exchange, Stage, Stop, play};

/// All exchanges, in the order of the page.
pub(crate) fn all() -> impl Iterator<Item = &'static Exchange> {
    [
        tcp::EXCHANGES,
        framing::EXCHANGES,
        flow::EXCHANGES,
        udp::EXCHANGES,
        http::EXCHANGES,
        bodies::EXCHANGES,
        resource::EXCHANGES,
        smuggling::EXCHANGES,
        news::EXCHANGES,
        agent::EXCHANGES,
        editor::EXCHANGES,
        websocket::EXCHANGES,
        room::EXCHANGES,
        frames::EXCHANGES,
        tls::EXCHANGES,
        certificates::EXCHANGES,
        vectors::EXCHANGES,
    ]
    .into_iter()
    .flatten()
}

/// The exchange of this name.
pub(crate) fn find(id: &str) -> Option<&'static Exchange> {
    all().find(|exchange| exchange.id == id)
}
