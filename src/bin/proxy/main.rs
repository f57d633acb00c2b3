//! A forward proxy, for `curl -x`: it forwards requests and opens tunnels, to allowed hosts only.
//!
//! ```text
//! $ proxy                                          $ curl -x http://127.0.0.1:8080 http://localhost:1337/
//! Proxy running at http://127.0.0.1:8080/          Hello World
//! GET http://localhost:1337/ -> 200                $ curl -p -x http://127.0.0.1:8080 http://localhost:1337/
//! CONNECT localhost:1337 -> 200, and a tunnel: …   Hello World
//! ```
//!
//! `policy.rs` says whom it serves, `allow.rs` which hosts can be reached. `reach.rs` connects, `forward.rs` and `tunnel.rs` serve.
#![forbid(unsafe_code)]

mod allow;
#[path = "../demo/mod.rs"]
mod demo;
mod forward;
mod options;
mod policy;
mod reach;
mod refusal;
mod tunnel;

use allow::Allow;
use barewire::http::pool::Limits;
use barewire::http::{
    self, Agent, Failure, Handled, Request, RequestOptions, Response, ServerEvents, Timeouts,
};
use demo::{Standard, err, log};
use options::{HELP, Options};
use policy::Proxy;
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

/// Connections to one server: each client that waits for it has one, so five would be few.
const SOCKETS_PER_SERVER: usize = 100;
/// If none of them is free within this time, the client gets a 503.
const QUEUE_TIMEOUT: Duration = Duration::from_millis(500);

impl ServerEvents for Proxy {
    fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.handle(req, res, forward::forward)
    }

    fn connect(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.handle(req, res, tunnel::open)
    }

    fn error(&self, what: &dyn fmt::Display) {
        err!("{what}");
    }
}

impl Proxy {
    /// Checks the client, serves it and prints the result, unless `--log` prints it.
    fn handle(
        &self,
        req: Request<'_>,
        res: Response<'_>,
        serve: fn(&Proxy, Request<'_>, Response<'_>) -> Result<String, Failure>,
    ) -> Handled {
        let request = format!("{} {}", req.method(), req.url());
        let done = match self.check(&req) {
            Ok(()) => serve(self, req, res),
            Err(refusal) => refusal.answer(res),
        };
        let result = done.as_ref().map_or_else(|e| e.to_string(), String::clone);
        if !self.is_logged {
            log!("{request} -> {result}");
        }
        done.map(drop)
    }
}

fn main() -> ExitCode {
    demo::run(HELP, Options::read, run)
}

fn run(options: Options) -> Result<(), Failure> {
    let listener = demo::listener(&options.listen)?;
    let address = listener.local_addr()?;
    let allow = Allow::new(options.allow, address.ip().map(|address| address.ip()));
    if allow.is_empty() {
        err!("other machines can reach {address}; without --allow it reaches nothing");
    }
    let default_name = || format!("barewire-{}", address.port().unwrap_or(0));
    let proxy = Proxy {
        allow,
        auth: options.auth,
        name: options.name.unwrap_or_else(default_name),
        timeout: options.timeout,
        idle_timeout: options.idle_timeout,
        common: common(options.timeout)?,
        is_logged: options.access_log.is_asked_for(),
    };
    let server = options
        .access_log
        .attach(http::create_server_with(proxy), Standard::Out)?;
    let handle = server.listen_on(listener)?;
    log!("Proxy running at http://{address}/");
    Ok(demo::wait(&handle, options.stop_at_eof)?)
}

fn common(timeout: Duration) -> Result<RequestOptions, http::Error> {
    let agent = Agent::new(Limits {
        max_sockets: SOCKETS_PER_SERVER,
        ..Limits::default()
    })?;
    let timeouts = Timeouts {
        queue: Some(QUEUE_TIMEOUT),
        connect: timeout,
        head: timeout,
        stall: timeout,
        min_bytes_per_second: 1, // some responses are rare events
        ..Timeouts::default()
    };
    let options = RequestOptions::new().agent(&agent).timeouts(timeouts);
    Ok(options.create_connection(reach::Guarded))
}
