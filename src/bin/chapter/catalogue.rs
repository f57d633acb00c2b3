//! The catalogue of exchanges, as the page fetches it: `/chapter/exchanges.json`.

use crate::door;
use crate::exchange::{self, Exchange};
use crate::json::{Object, list};

/// All, in the order of the page.
pub(crate) fn json() -> String {
    list(exchange::all().map(entry))
}

/// One of them.
pub(crate) fn entry(exchange: &Exchange) -> String {
    let commands = exchange.commands.iter().map(|line| {
        let text = door::with_addresses(line);
        let tool = text.split(' ').next().unwrap_or_default();
        Object::new().text("text", &text).text("tool", tool).end()
    });
    let about = Object::new()
        .text("id", exchange.id)
        .text("section", exchange.section);
    let about = about
        .text("door", exchange.door)
        .raw("cuts", exchange.has_cuts);
    about.raw("commands", list(commands)).end()
}
