//! What `ws_server` serves.

#[path = "../../../src/bin/ws_server/routes.rs"]
pub(crate) mod routes;
