//! The book's WebSocket server: one port for a page and for the connections that it opens.
//!
//! ```text
//! $ ws_server                                    $ ws_client ws://127.0.0.1:12010/echo
//! ws_server: listening on 127.0.0.1:12010        hello world!        ← typed
//!                                                hello world!        ← came back
//! ```
#![forbid(unsafe_code)]

#[path = "../https_server/certificate.rs"]
mod certificate;
#[path = "../demo/mod.rs"]
mod demo;
mod invitation;
mod routes;

use barewire::http::{self, Handled, Request, Response, ServerEvents};
use barewire::net::{self, Handle, Listener, Service};
use barewire::tls::{Secured, ServerContext};
use barewire::websocket::PerMessageDeflate;
use certificate::Certificate;
use demo::{AccessLog, Recording, Standard, err, log};
use invitation::invitation;
use routes::Routes;
use std::process::ExitCode;
use std::{fmt, io};

const HELP: &str = include_str!("help.txt");

demo::options! { |args|
    stop_at_eof: bool = demo::stop_at_eof(args)?;
    listen: String = args.value_or("--listen", "127.0.0.1:12010"); // the book's
    message_bytes: usize = args.number("--max-message")?.unwrap_or(16 * 1024 * 1024);
    max_connections: usize = args.at_least_one("--max-connections")?.unwrap_or(10_000);
    certificate: Option<Certificate> = Certificate::of(args, None);
    deflate: Option<PerMessageDeflate> = demo::deflate(args);
    access_log: AccessLog = AccessLog::of(args)?;
    recording: Recording = Recording::of(args)?;
}

impl ServerEvents for Routes {
    fn request(&self, request: Request<'_>, response: Response<'_>) -> Handled {
        self.serve(request, response)
    }

    fn error(&self, what: &dyn fmt::Display) {
        err!("{what}");
    }
}

fn main() -> ExitCode {
    demo::run(HELP, Options::read, run)
}

fn run(options: Options) -> io::Result<()> {
    let mut server = http::create_server_with(Routes::new(options.message_bytes, options.deflate))
        .max_connections(options.max_connections)
        .spare_threads(4);
    server = options.access_log.attach(server, Standard::Out)?;
    if let Some(recorder) = options.recording.recorder(Standard::Out)? {
        server = server.tap(recorder);
    }
    let listener = demo::listener(&options.listen)?;
    let address = listener.local_addr()?;
    let (engine, service) = server.into_service();
    let certificate = options.certificate.as_ref();
    let handle = serve(listener, engine, service, certificate)?;
    // In this order: after the second line only what passes is printed.
    let invitation = invitation(&address, certificate.is_some());
    log!("{}", invitation.trim_end());
    err!("listening on {address}");
    demo::wait(&handle, options.stop_at_eof)
}

fn serve(
    listener: Listener,
    engine: net::Options,
    service: impl Service,
    certificate: Option<&Certificate>,
) -> io::Result<Handle> {
    let Some(certificate) = certificate else {
        return listener.serve(engine, service);
    };
    let context = ServerContext::new(&certificate.options()?)?;
    listener.serve(engine, Secured::new(context, service))
}
