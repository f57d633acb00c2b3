//! The book's HTTPS server: the HTTP server, and a certificate.
//!
//! ```text
//! $ https_server                    $ curl --cacert fixtures/tls/ca.crt https://localhost:8443/
//!                                   hello world
//! ```
#![forbid(unsafe_code)]

#[path = "../tls_echo/certificates.rs"]
mod certificates;
#[path = "../demo/mod.rs"]
mod demo;
mod hello;

use barewire::https;
use barewire::tls::ServerOptions;
use std::io;
use std::process::ExitCode;

const HELP: &str = "\
usage: https_server [HOST:PORT]

Answers each request with hello world; listens on 127.0.0.1:8443. Its
certificate is that of the tests, signed by fixtures/tls/ca.crt. With a
certificate of your own: http_server --tls.
";

fn main() -> ExitCode {
    demo::run(HELP, |args| Ok(args.word()), serve)
}

fn serve(listen: Option<String>) -> io::Result<()> {
    let options = ServerOptions::new()
        .cert(certificates::CERT)
        .key(certificates::KEY);
    let server = https::create_server(&options, hello::hello)?;
    let handle = server.listen(listen.as_deref().unwrap_or("127.0.0.1:8443"))?;
    demo::err!("listening on {}", handle.local_addr());
    handle.wait();
    Ok(())
}
