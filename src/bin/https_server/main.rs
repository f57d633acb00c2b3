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

use barewire::tls::ServerOptions;
use barewire::{http, https};
use demo::{AccessLog, Standard};
use std::io;
use std::process::ExitCode;

const HELP: &str = "\
usage: https_server [HOST:PORT] [--log[=combined|=json] [--log-file FILE]]

Answers each request with hello world; listens on 127.0.0.1:8443. Its
certificate is that of the tests, signed by fixtures/tls/ca.crt. With a
certificate of your own: http_server --tls.

  --log                log each exchange on stdout, in the Common Log Format
  --log=combined       the same in the Combined Log Format
  --log=json           the same as JSON lines
  --log-file FILE      log behind what is in FILE. A log that is written too slowly
                       loses lines, and stderr says how many; no request waits
";

fn main() -> ExitCode {
    demo::run(HELP, |args| Ok((AccessLog::of(args)?, args.word())), serve)
}

fn serve((access_log, listen): (AccessLog, Option<String>)) -> io::Result<()> {
    let options = ServerOptions::new()
        .cert(certificates::CERT)
        .key(certificates::KEY);
    let server = access_log.attach(http::create_server(hello::hello), Standard::Out)?;
    let server = https::create_server_with(&options, server)?;
    let handle = server.listen(listen.as_deref().unwrap_or("127.0.0.1:8443"))?;
    demo::err!("listening on {}", handle.local_addr());
    handle.wait();
    Ok(())
}
