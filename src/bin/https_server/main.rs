//! The book's HTTPS server: the HTTP server, and a certificate.
//!
//! ```text
//! $ https_server                    $ curl --cacert fixtures/tls/ca.crt https://localhost:8443/
//!                                   hello world
//! ```
#![forbid(unsafe_code)]

#[path = "../tls_echo/certificates.rs"]
mod certificates;
mod hello;

use barewire::https;
use barewire::tls::ServerOptions;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1);
    let listen = listen.unwrap_or_else(|| "127.0.0.1:8443".into());

    let options = ServerOptions::new()
        .cert(certificates::CERT)
        .key(certificates::KEY);
    let server = https::create_server(&options, hello::hello)?;
    let handle = server.listen(&listen)?;
    eprintln!("https_server: listening on {}", handle.local_addr());
    handle.wait();
    Ok(())
}
