//! Whom the proxy serves, where it leads, and how long it waits.

use crate::allow::Allow;
use crate::refusal::Refusal;
use barewire::http::wire::{came_through, decode_basic};
use barewire::http::{Request, RequestOptions};
use std::time::Duration;

pub(crate) struct Proxy {
    pub(crate) allow: Allow,
    pub(crate) auth: Option<(String, String)>,
    /// In Via.
    pub(crate) name: String,
    pub(crate) timeout: Duration,
    pub(crate) idle_timeout: Duration,
    /// Each exchange has a line of `--log`.
    pub(crate) is_logged: bool,
    /// The options of all requests that are forwarded.
    pub(crate) common: RequestOptions,
}

impl Proxy {
    /// Refuses a client without the credentials, and a request that came through this proxy before.
    pub(crate) fn check(&self, req: &Request<'_>) -> Result<(), Refusal> {
        if let Some((user, password)) = &self.auth {
            let theirs = req.headers().get("Proxy-Authorization");
            let theirs = theirs.and_then(decode_basic).unwrap_or_default();
            if !(is_same(&theirs.0, user) & is_same(&theirs.1, password)) {
                return Err(Refusal::unknown_client());
            }
        }
        match came_through(req.headers(), &self.name) {
            true => Err(Refusal::looping(&self.name)),
            false => Ok(()),
        }
    }
}

/// Compares all bytes, so that the time does not reveal how many of them are right.
fn is_same(theirs: &str, ours: &str) -> bool {
    let (theirs, ours) = (theirs.as_bytes(), ours.as_bytes());
    let padded = ours.iter().chain(std::iter::repeat(&0));
    let differing = theirs
        .iter()
        .zip(padded)
        .fold(0, |all, (a, b)| all | (a ^ b));
    theirs.len() == ours.len() && differing == 0
}
