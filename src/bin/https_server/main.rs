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
usage: https_server [HOST:PORT] [--stop-at-eof]
                    [--log[=combined|=json] [--log-file FILE]]

Answers each request with hello world; listens on 127.0.0.1:8443. Its
certificate is that of the tests, signed by fixtures/tls/ca.crt. With a
certificate of your own: http_server --tls.

  --log            log each exchange on stdout, in the Common Log Format
  --log=combined   the same in the Combined Log Format
  --log=json       the same as JSON lines
  --log-file FILE  log behind what is in FILE. A log that is written too slowly
                   loses lines, and stderr says how many; no request waits
  --stop-at-eof    end when standard input ends (Ctrl-D)
";

fn main() -> ExitCode {
    let read = |args: &mut demo::Args<'_>| {
        let (stop_at_eof, access_log) = (demo::stop_at_eof(args)?, AccessLog::of(args)?);
        Ok((args.word(), stop_at_eof, access_log))
    };
    demo::run(HELP, read, serve)
}

fn serve((listen, stop_at_eof, access_log): (Option<String>, bool, AccessLog)) -> io::Result<()> {
    let options = ServerOptions::new()
        .cert(certificates::CERT)
        .key(certificates::KEY);
    let server = access_log.attach(http::create_server(hello::hello), Standard::Out)?;
    let server = https::create_server_with(&options, server)?;
    let listener = demo::listener(listen.as_deref().unwrap_or("127.0.0.1:8443"))?;
    let handle = server.listen_on(listener)?;
    demo::err!("listening on {}", handle.local_addr());
    demo::wait(&handle, stop_at_eof)
}
