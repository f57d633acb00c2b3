//! The book's WebSocket server: one port for a page and for the connections that it opens.
//!
//! ```text
//! $ ws_server                                    $ ws_client ws://127.0.0.1:12010/echo
//! ws_server: listening on 127.0.0.1:12010        hello world!        ← typed
//!                                                hello world!        ← came back
//! ```
#![forbid(unsafe_code)]

#[path = "../https_server/given.rs"]
mod given;
mod invitation;
mod options;
mod routes;
mod shown;

use barewire::http::{self, Events, Handled, Request, Response};
use barewire::net::{self, Handle, Listener, Service, Slot, Stream};
use barewire::tls::{Secured, ServerContext};
use given::Given;
use invitation::invitation;
use options::{Options, USAGE};
use routes::Routes;
use shown::Shown;
use std::process::ExitCode;
use std::sync::Arc;
use std::{fmt, io};

struct Demo {
    routes: Routes,
}

impl Events for Demo {
    fn request(&self, request: Request<'_>, response: Response<'_>) -> Handled {
        self.routes.serve(request, response)
    }

    fn error(&self, what: &dyn fmt::Display) {
        eprintln!("ws_server: {what}");
    }
}

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    match Options::from_args(args.map(|arg| arg.to_string_lossy().into_owned())) {
        Ok(Some(options)) => match run(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("ws_server: {why}");
                ExitCode::FAILURE
            }
        },
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("ws_server: {why}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let routes = Routes::new(options.message_bytes);
    let server = http::create_server_with(Demo { routes })
        .max_connections(options.max_connections)
        .spare_threads(4);
    let listener = Listener::bind(&options.listen)?;
    let address = listener.local_addr()?;
    let (engine, service) = server.into_service();
    let handle = match options.show_bytes {
        true => serve(listener, engine, Shows(service), options.tls.as_ref())?,
        false => serve(listener, engine, service, options.tls.as_ref())?,
    };
    // In this order: whoever waits for the second line finds nothing of the first among the bytes.
    print!("{}", invitation(&address, options.tls.is_some()));
    eprintln!("ws_server: listening on {address}");
    handle.wait();
    Ok(())
}

/// What is shown is what TLS carries.
fn serve(
    listener: Listener,
    engine: net::Options,
    service: impl Service,
    tls: Option<&Given>,
) -> io::Result<Handle> {
    let Some(given) = tls else {
        return listener.serve(engine, service);
    };
    let context = ServerContext::new(&given.options().map_err(io::Error::other)?)?;
    listener.serve(engine, Secured::new(context, service))
}

/// A server whose connections are looked at.
struct Shows<S>(S);

impl<S: Service> Service for Shows<S> {
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        self.0.connection(Arc::new(Shown(stream)), slot);
    }

    fn accept_error(&self, error: &io::Error) {
        self.0.accept_error(error);
    }

    fn closed(&self) {
        self.0.closed();
    }
}
