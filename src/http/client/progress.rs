//! How far the opening of a connection has come: which step it is in, and which connection is cut if nobody wants it
//! any more.
//!
//! ```text
//!   resolving ──► connecting ──► tunnelling (a proxy) ──► securing (TLS)
//!                                └─ the connection is known, and can be cut ─┘
//! ```
//!
//! A [`Connector`](super::Connector) of the caller reports nothing: it is connecting until it returns.

use super::handle::Shared;
use super::timings::Phase;
use crate::http::error::Error;
use crate::net::{self, Stream};
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// Shared by the thread that opens and the one that waits for it.
pub(super) struct Progress {
    /// It is notified of the phases.
    handle: Option<Arc<Shared>>,
    state: Mutex<State>,
}

struct State {
    /// The proxy, if the way leads through one.
    proxy: Option<String>,
    step: Step,
    /// What carries the present step.
    stream: Option<Weak<dyn Stream>>,
    is_abandoned: bool,
}

enum Step {
    Connect,
    Resolve { host: String },
    Tunnel { to: String },
    Secure { with: String },
}

impl Step {
    fn phase(&self) -> Phase {
        match self {
            Step::Resolve { .. } => Phase::Resolve,
            Step::Connect | Step::Tunnel { .. } => Phase::Connect,
            Step::Secure { .. } => Phase::Secure,
        }
    }
}

impl Progress {
    pub(super) fn new(handle: Option<Arc<Shared>>) -> Arc<Progress> {
        Arc::new(Progress {
            handle,
            state: Mutex::new(State {
                proxy: None,
                step: Step::Connect,
                stream: None,
                is_abandoned: false,
            }),
        })
    }

    /// The way leads through this proxy: it is what is connected to.
    pub(super) fn through(&self, proxy: &dyn Display) {
        net::lock(&self.state).proxy = Some(proxy.to_string());
    }

    pub(super) fn resolving(&self, host: &str) {
        let host = host.to_owned();
        self.enter(Step::Resolve { host });
    }

    pub(super) fn connecting(&self) {
        self.enter(Step::Connect);
    }

    /// A proxy is asked for a tunnel, over this connection.
    ///
    /// # Errors
    /// Nobody wants it any more.
    pub(super) fn tunnelling(&self, over: &Arc<dyn Stream>, to: &dyn Display) -> io::Result<()> {
        self.connected(over)?;
        let to = to.to_string();
        self.enter(Step::Tunnel { to });
        Ok(())
    }

    pub(super) fn securing(&self, with: &dyn Display) {
        let with = with.to_string();
        self.enter(Step::Secure { with });
    }

    /// From now on, this connection is cut if nobody wants it any more.
    ///
    /// # Errors
    /// Nobody wants it any more.
    pub(super) fn connected(&self, stream: &Arc<dyn Stream>) -> io::Result<()> {
        let mut state = net::lock(&self.state);
        if state.is_abandoned {
            return Err(ErrorKind::ConnectionAborted.into()); // nobody sees it
        }
        state.stream = Some(Arc::downgrade(stream));
        Ok(())
    }

    fn enter(&self, step: Step) {
        let mut state = net::lock(&self.state);
        if let (Some(handle), false) = (&self.handle, state.is_abandoned) {
            handle.enter(step.phase());
        }
        state.step = step;
    }

    /// There is nothing to cut: the caller has the connection.
    pub(super) fn succeeded(&self) {
        net::lock(&self.state).stream = None;
    }

    /// Nobody waits any longer: the connection that is known is cut, and none is begun over a new one.
    pub(super) fn abandon(&self) {
        let mut state = net::lock(&self.state);
        state.is_abandoned = true;
        let stream = state.stream.take();
        drop(state);
        if let Some(stream) = stream.and_then(|stream| stream.upgrade()) {
            let _ = stream.abort(); // it may be gone already
        }
    }

    /// The deadline has passed in the present step.
    pub(super) fn timed_out(&self, limit: Duration) -> Error {
        let state = net::lock(&self.state);
        let peer = match &state.proxy {
            Some(proxy) => format!("the proxy {proxy}"),
            None => "the server".to_owned(),
        };
        let text = match &state.step {
            Step::Resolve { host } => {
                format!("the name {host:?} was not resolved within {limit:?}")
            }
            Step::Connect => format!("{peer} could not be reached within {limit:?}"),
            Step::Tunnel { to } => format!("{peer} opened no tunnel to {to} within {limit:?}"),
            Step::Secure { with } => {
                format!("the TLS handshake with {with} did not end within {limit:?}")
            }
        };
        io::Error::new(ErrorKind::TimedOut, text).into()
    }
}
