//! What `http_server` serves.

#[path = "../../../src/bin/http_server/board.rs"]
mod board;
#[path = "../../../src/bin/http_server/routes.rs"]
pub(crate) mod routes;
