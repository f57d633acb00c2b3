//! What `http_server` serves.

#[path = "../../../src/bin/http_server/board.rs"]
mod board;
#[path = "../../../src/bin/http_server/comet.rs"]
mod comet;
#[path = "../../../src/bin/http_server/reply.rs"]
mod reply;
#[path = "../../../src/bin/http_server/routes.rs"]
pub(crate) mod routes;
