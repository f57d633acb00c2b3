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
use std::io;
use std::process::ExitCode;

const USAGE: &str = "\
usage: https_server [HOST:PORT]

Says hello world to everybody; listens on 127.0.0.1:8443. Its certificate is that of the tests:
fixtures/tls/ca.crt vouches for it. One with your own certificate is http_server --tls.";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let mut next = || Some(args.next()?.to_string_lossy().into_owned());
    let listen = next().unwrap_or_else(|| "127.0.0.1:8443".into());
    if listen == "--help" || listen == "-h" {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let flag = listen.starts_with('-').then(|| listen.clone());
    if let Some(wrong) = flag.or_else(next) {
        eprintln!("https_server: there is no {wrong}\n{USAGE}");
        return ExitCode::from(2);
    }
    match serve(&listen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("https_server: {e}");
            ExitCode::FAILURE
        }
    }
}

fn serve(listen: &str) -> io::Result<()> {
    let options = ServerOptions::new()
        .cert(certificates::CERT)
        .key(certificates::KEY);
    let handle = https::create_server(&options, hello::hello)?.listen(listen)?;
    eprintln!("https_server: listening on {}", handle.local_addr());
    handle.wait();
    Ok(())
}
