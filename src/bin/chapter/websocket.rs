//! WebSocket, and the page that talks with it: what `ws_server` serves.

#[path = "../ws_server/routes.rs"]
mod routes;

use barewire::http;
use barewire::net::Addr;
use std::io;

const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

pub(crate) fn open(listen: &str) -> io::Result<Addr> {
    let routes = routes::Routes::new(MESSAGE_BYTES);
    let server = http::create_server(move |req, res| routes.serve(req, res));
    Ok(server.listen(listen)?.local_addr())
}
