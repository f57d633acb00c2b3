//! TCP, and the same over a Unix socket.

#[path = "../tcp_echo/greeting.rs"]
mod greeting;

use barewire::net::{self, Addr};
use std::io;

pub(crate) fn open(listen: &str) -> io::Result<Addr> {
    let server = net::create_server(|socket| greeting::greet(&socket));
    Ok(server.listen(listen)?.local_addr())
}
