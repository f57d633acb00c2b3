//! What the demo `http_server` serves: the HTTP door has it, and so has the server of an exchange.

#[path = "../http_server/board.rs"]
mod board;
#[path = "../http_server/comet.rs"]
mod comet;
#[path = "../http_server/reply.rs"]
mod reply;
#[path = "../http_server/routes.rs"]
mod routes;

pub(crate) use routes::Routes;
