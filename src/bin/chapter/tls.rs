//! TLS: what `tls_echo` serves.

#[path = "../tls_echo/echo.rs"]
mod echo;

use crate::certificates;
use barewire::net::{Addr, Socket};
use barewire::tls;
use std::io;

pub(crate) fn open(listen: &str) -> io::Result<Addr> {
    let server = tls::create_server(&echo::options(), |socket: Socket| echo::welcome(&socket))?;
    Ok(server.listen(listen)?.local_addr())
}
