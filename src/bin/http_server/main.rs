//! The book's HTTP server, with something to try for every row of the chapter.
#![forbid(unsafe_code)]

mod board;
#[path = "../https_server/certificate.rs"]
mod certificate;
#[path = "../demo/mod.rs"]
mod demo;
mod invitation;
mod routes;

use barewire::http::{self, Events, Handled, Request, Response};
use barewire::https;
use certificate::Certificate;
use demo::Args;
use invitation::invitation;
use routes::Routes;
use std::fmt;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = include_str!("help.txt");

struct Options {
    listen: String,
    max_connections: usize,
    keep_alive: Option<Duration>,
    files: Option<String>,
    certificate: Option<Certificate>,
}

impl Events for Routes {
    fn request(&self, request: Request<'_>, response: Response<'_>) -> Handled {
        self.serve(request, response)
    }

    fn error(&self, what: &dyn fmt::Display) {
        eprintln!("http_server: {what}");
    }
}

fn main() -> ExitCode {
    demo::run(HELP, read, serve)
}

fn read(args: &mut Args<'_>) -> Result<Options, String> {
    let secs = args.number("--keep-alive-timeout")?.unwrap_or(5);
    Ok(Options {
        listen: args.value_or("--listen", "127.0.0.1:1337"), // the book's
        max_connections: args.at_least_one("--max-connections")?.unwrap_or(10_000),
        keep_alive: (secs > 0).then(|| Duration::from_secs(secs)),
        files: args.value("--files"),
        certificate: Certificate::of(args, Some("--client-ca")),
    })
}

fn serve(options: Options) -> io::Result<()> {
    let server = http::create_server_with(Routes::new(options.files.as_deref())?)
        .max_connections(options.max_connections)
        .keep_alive_timeout(options.keep_alive);
    let (is_https, has_files) = (options.certificate.is_some(), options.files.is_some());
    let handle = match options.certificate {
        None => server.listen(&options.listen)?,
        Some(certificate) => {
            https::create_server_with(&certificate.options()?, server)?.listen(&options.listen)?
        }
    };
    print!("{}", invitation(&handle.local_addr(), is_https, has_files));
    handle.wait();
    Ok(())
}
