//! A forward proxy, for `curl -x`: requests are passed on, tunnels opened, to listed hosts only.
//!
//! ```text
//! $ proxy                                          $ curl -x http://127.0.0.1:8080 http://localhost:1337/
//! Proxy running at http://127.0.0.1:8080/          Hello World
//! GET http://localhost:1337/ -> 200                $ curl -p -x http://127.0.0.1:8080 http://localhost:1337/
//! CONNECT localhost:1337 -> 200, and a tunnel: …   Hello World
//! ```
//!
//! `allow.rs` is who may be reached, `fields.rs` what is passed on, `forward.rs` and `tunnel.rs` how.
#![forbid(unsafe_code)]

mod allow;
mod fields;
mod forward;
mod options;
mod reach;
mod refusal;
mod tunnel;

use allow::Allow;
use barewire::http::pool::Limits;
use barewire::http::wire::decode_basic;
use barewire::http::{
    self, Agent, Events, Failure, Handled, Request, RequestOptions, Response, Timeouts,
};
use barewire::net::Listener;
use options::{HELP, Options};
use refusal::Refusal;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

/// Connections to one server. Whoever polls it holds one, so five would be few.
const SOCKETS_OF_A_SERVER: usize = 100;

struct Proxy {
    allow: Allow,
    auth: Option<(String, String)>,
    /// In Via.
    name: String,
    timeout: Duration,
    idle_timeout: Duration,
    /// Of all requests that are passed on.
    common: RequestOptions,
}

impl Events for Proxy {
    fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.handle(req, res, forward::forward)
    }

    fn connect(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.handle(req, res, tunnel::open)
    }

    fn error(&self, what: &dyn fmt::Display) {
        eprintln!("proxy: {what}");
    }
}

impl Proxy {
    /// Does it for a client that may ask, and prints what became of it.
    fn handle(
        &self,
        req: Request<'_>,
        res: Response<'_>,
        how: fn(&Proxy, Request<'_>, Response<'_>) -> Result<String, Failure>,
    ) -> Handled {
        let asked = format!("{} {}", req.method(), req.url());
        let said = match self.admit(&req) {
            Ok(()) => how(self, req, res),
            Err(refusal) => {
                let said = refusal.to_string();
                refusal.answer(res).map(|()| said)
            }
        };
        let end = said.as_ref().map_or_else(|e| e.to_string(), String::clone);
        let _ = writeln!(io::stdout(), "{asked} -> {end}");
        said.map(drop)
    }

    fn admit(&self, req: &Request<'_>) -> Result<(), Refusal> {
        if let Some((user, password)) = &self.auth {
            let theirs = req.headers().get("Proxy-Authorization");
            let theirs = theirs.and_then(decode_basic).unwrap_or_default();
            if !(same(&theirs.0, user) & same(&theirs.1, password)) {
                return Err(Refusal::unknown_client());
            }
        }
        match fields::came_through(req.headers(), &self.name) {
            true => Err(Refusal::looping(&self.name)),
            false => Ok(()),
        }
    }
}

/// In a time that does not tell how much of it is right.
fn same(theirs: &str, ours: &str) -> bool {
    let (theirs, ours) = (theirs.as_bytes(), ours.as_bytes());
    let at = |at: usize| ours.get(at).copied().unwrap_or(0);
    let differ = theirs.iter().enumerate();
    let differ = differ.fold(0, |differ, (i, byte)| differ | (byte ^ at(i)));
    theirs.len() == ours.len() && differ == 0
}

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    let args = args.map(|arg| arg.to_string_lossy().into_owned());
    let options = match Options::from_args(args) {
        Ok(options) if options.help => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(options) => options,
        Err(why) => {
            eprintln!("proxy: {why} (-h tells more)");
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("proxy: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), Failure> {
    let listener = Listener::bind(&options.listen)?;
    let address = listener.local_addr()?;
    let allow = options.allowed(address.ip().map(|address| address.ip()));
    if allow.is_empty() {
        eprintln!("proxy: others can reach {address}, so nothing may be reached without --allow");
    }
    let usual_name = || format!("barewire-{}", address.port().unwrap_or(0));
    let proxy = Proxy {
        allow,
        auth: options.auth,
        name: options.name.unwrap_or_else(usual_name),
        timeout: options.timeout,
        idle_timeout: options.idle_timeout,
        common: common(options.timeout)?,
    };
    let handle = http::create_server_with(proxy).listen_on(listener)?;
    let _ = writeln!(io::stdout(), "Proxy running at http://{address}/");
    handle.wait();
    Ok(())
}

fn common(timeout: Duration) -> Result<RequestOptions, http::Error> {
    let agent = Agent::new(Limits {
        max_sockets: SOCKETS_OF_A_SERVER,
        ..Limits::default()
    })?;
    let timeouts = Timeouts {
        connect: timeout,
        head: timeout,
        stall: timeout,
        min_bytes_per_second: 1, // an event now and then is all that some servers say
        ..Timeouts::default()
    };
    let options = RequestOptions::new().agent(&agent).timeouts(timeouts);
    Ok(options.create_connection(reach::Guarded))
}
