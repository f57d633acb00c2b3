//! The book's HTTP server, with something to try for every row of the chapter.
//!
//! ```text
//! http_server [--listen HOST:PORT | --listen unix:/PATH] [--max-connections N]
//!             [--keep-alive-timeout SECS] [--files DIR] [--tls CERT KEY [--client-ca CA]]
//! ```
#![forbid(unsafe_code)]

mod board;
#[path = "../https_server/given.rs"]
mod given;
mod invitation;
mod options;
mod routes;

use barewire::http::{self, Events, Handled, Request, Response};
use barewire::https;
use invitation::invitation;
use options::{Options, USAGE};
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

struct Demo {
    routes: routes::Routes,
}

impl Events for Demo {
    fn request(&self, request: Request<'_>, response: Response<'_>) -> Handled {
        self.routes.serve(request, response)
    }

    fn error(&self, what: &dyn fmt::Display) {
        eprintln!("http_server: {what}");
    }
}

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    match Options::from_args(args.map(|arg| arg.to_string_lossy().into_owned())) {
        Ok(Some(options)) => match run(options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("http_server: {why}");
                ExitCode::FAILURE
            }
        },
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("http_server: {why}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(options: Options) -> Result<(), String> {
    let demo = Demo {
        routes: routes::Routes::new(options.files.as_deref())?,
    };
    let server = http::create_server_with(demo)
        .max_connections(options.max_connections)
        .keep_alive_timeout(options.keep_alive_secs.map(Duration::from_secs));
    let handle = match &options.tls {
        None => server.listen(&options.listen),
        Some(given) => https::create_server_with(&given.options()?, server)
            .map_err(|error| error.to_string())?
            .listen(&options.listen),
    };
    let handle = handle.map_err(|error| error.to_string())?;
    let (address, files) = (handle.local_addr(), options.files.is_some());
    print!("{}", invitation(&address, options.tls.is_some(), files));
    handle.wait();
    Ok(())
}
