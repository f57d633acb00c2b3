//! HTTP: what `http_server` serves.

#[path = "../http_server/board.rs"]
mod board;
#[path = "../http_server/routes.rs"]
mod routes;

use barewire::http;
use barewire::net::Addr;
use std::io;

pub(crate) fn open(listen: &str) -> io::Result<Addr> {
    let routes = routes::Routes::new(None)?;
    let server = http::create_server(move |req, res| routes.serve(req, res));
    Ok(server.listen(listen)?.local_addr())
}
