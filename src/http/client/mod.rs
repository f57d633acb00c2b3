//! The HTTP client: options, a request, its answer.

mod agent;
mod answer;
mod call;
mod clock;
mod connector;
mod events;
mod exchange;
mod follow;
mod link;
mod memory;
mod options;
mod origin;
pub mod pool;
mod proxy;
mod timings;

pub use agent::Agent;
pub use answer::ClientResponse;
pub use call::ClientRequest;
pub use clock::Timeouts;
pub use connector::{Connected, Connector};
pub use events::ClientEvents;
pub use options::RequestOptions;
pub use origin::Origin;
pub use proxy::Proxy;
pub use timings::Timings;

use call::open;
use clock::{Clock, Phase};
use link::Link;

use super::error::Error;

/// A request with these options; nothing is sent yet.
///
/// ```
/// use barewire::http::{self, RequestOptions};
///
/// let server = http::create_server(|_req, res| res.end("Hello World\n")).listen("127.0.0.1:0")?;
///
/// let options = RequestOptions::new()
///     .hostname("127.0.0.1")
///     .port(server.local_addr().port().unwrap())
///     .path("/");
/// let req = http::request(options)?;
/// let mut res = req.end("")?;
/// println!("STATUS: {}", res.status());
/// println!("HEADERS: {:?}", res.headers());
/// while let Some(chunk) = res.read_text()? {
///     println!("{chunk}");
/// }
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
///
/// # Errors
/// Options that cannot be sent.
pub fn request(options: impl Into<RequestOptions>) -> Result<ClientRequest, Error> {
    ClientRequest::new(options.into())
}

/// `GET`s a URL.
///
/// # Errors
/// As [`RequestOptions::url`] and [`ClientRequest::end`].
pub fn get(url: &str) -> Result<ClientResponse, Error> {
    request(RequestOptions::new().url(url)?)?.end("")
}
