//! HTTPS: what `https_server` serves.

#[path = "../https_server/hello.rs"]
mod hello;

use crate::certificates;
use barewire::https;
use barewire::net::Addr;
use barewire::tls::ServerOptions;
use std::io;

pub(crate) fn open(listen: &str) -> io::Result<Addr> {
    let options = ServerOptions::new()
        .cert(certificates::CERT)
        .key(certificates::KEY);
    let server = https::create_server(&options, hello::hello)?;
    Ok(server.listen(listen)?.local_addr())
}
