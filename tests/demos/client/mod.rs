//! What the demos of the client print, word for word.
//!
//! | demo | module | what a reader sees there |
//! |---|---|---|
//! | `http_get` | `transcript` | the book's `curl -v`, and what else may be seen of a conversation |
//! | | `sending` | bodies: texts, files, standard input, and the ones that wait for a 100 |
//! | | `asking` | other fields, redirects, a proxy that the environment names |
//! | | `showing` | `-i -I -o -w -f -s` |
//! | | `codes` | what it ends with, and why |
//! | | `secure` | https: the output, the trusted certificates, the exit codes |
//! | `agent_demo` | `timeline` | ten requests, five sockets |
//! | | `fault_early` | responses that come before the body has been sent; through the proxy, too |
//! | `proxy` | `fault_leaving` | clients that leave, and a full pool |
//! | | `forwarding`, `tunnels`, `refusals` | passed on, piped through, turned away |

mod asking;
mod codes;
mod fault_early;
mod fault_leaving;
mod forwarding;
mod refusals;
mod secure;
mod sending;
mod showing;
pub(crate) mod stage;
mod timeline;
mod transcript;
mod tunnels;

use crate::support::Site;
use barewire::http::{self, Handled, Request, Response};

/// The book's server, on a port of its own.
pub(crate) fn hello() -> (Site, u16) {
    site(|_req, res| {
        res.write_head(200, [("Content-Type", "text/plain")])?
            .end("Hello World\n")
    })
}

fn site(
    handler: impl Fn(Request<'_>, Response<'_>) -> Handled + Send + Sync + 'static,
) -> (Site, u16) {
    let site = Site::new(http::create_server(handler));
    let port = site.address().port().expect("a port");
    (site, port)
}

/// A site that answers with the request that it received: request line, fields,
/// body and trailers.
fn mirror() -> (Site, u16) {
    site(|mut req, res| {
        let mut text = format!(
            "{} {} HTTP/{}\n",
            req.method(),
            req.url(),
            req.http_version()
        );
        for (name, value) in req.headers().iter() {
            text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value)));
        }
        let body = String::from_utf8_lossy(req.collect()?).into_owned();
        text.push_str(&format!("\n{body}\n"));
        for (name, value) in req.trailers().iter() {
            text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value)));
        }
        res.end(text)
    })
}
