//! What a request is, and the client that most exchanges of 7.3 use.

use super::stage::{Exchange, Stage, Stop, exchanges, values};
use crate::log::Side;
use barewire::http::pool::Limits;
use barewire::http::{self, Agent, ClientResponse, RequestOptions};
use barewire::trace::wire::Protocol;
use std::thread;
use std::time::Duration;

exchanges! { "7.3", "http";
    "http.hello", true, hello, [
        "curl -v http://{http}/",
        "http_get -v http://{http}/"
    ];
}

/// The book's Hello World. The client ends nothing before the response is whole.
fn hello(stage: &Stage) -> Result<(), Stop> {
    let stream = stage.connect("http")?;
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", stage.door("http")?);
    stage.send_in_cuts(&stream, request.as_bytes(), &stage.cuts())?;
    let response = stage.read_until(&stream, |response| response.ends_with(b"\r\n0\r\n\r\n"))?;
    let is_ok = response.starts_with(b"HTTP/1.1 200 OK\r\n");
    expect(is_ok, "200 was to come")
}

/// A client of the HTTP door. Its connection is on the page, and serves all its requests.
pub(super) struct Client {
    stage: Stage,
    address: String,
    agent: Agent,
    options: RequestOptions,
}

impl Client {
    /// Of the chapter's door.
    pub(super) fn new(stage: &Stage) -> Result<Client, Stop> {
        Client::of(stage, stage.door("http")?)
    }

    /// Of the server at this address.
    pub(super) fn of(stage: &Stage, address: &str) -> Result<Client, Stop> {
        let agent = Agent::new(Limits::default())?;
        let url = format!("http://{address}/");
        let options = RequestOptions::new().url(&url)?.agent(&agent);
        Ok(Client {
            stage: stage.clone(),
            address: address.to_owned(),
            agent,
            options: options.create_connection(stage.connector(Protocol::Http)),
        })
    }

    /// A GET of this path.
    pub(super) fn at(&self, path: &str) -> Result<RequestOptions, Stop> {
        let url = format!("http://{}{path}", self.address);
        Ok(self.options.clone().url(&url)?.timeout(self.stage.left()))
    }

    /// Sends a request, and returns the body of the response.
    pub(super) fn ask(
        &self,
        options: RequestOptions,
        body: &str,
        status: u16,
    ) -> Result<Vec<u8>, Stop> {
        self.report(&mut http::request(options)?.end(body)?, status)
    }

    /// Reads the response, which must have this status.
    pub(super) fn report(
        &self,
        response: &mut ClientResponse,
        status: u16,
    ) -> Result<Vec<u8>, Stop> {
        let body = response.collect()?;
        let (code, bytes) = (response.status(), body.len());
        self.stage
            .saw(Side::Client, "http.response", values!(status = code, bytes));
        expect(code == status, &format!("{code} came, not {status}"))?;
        Ok(body)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.agent.close();
    }
}

/// An exchange that does not show what it is for has failed.
pub(super) fn expect(holds: bool, why: &str) -> Result<(), Stop> {
    match holds {
        true => Ok(()),
        false => Err(Stop(why.to_owned())),
    }
}

/// Waits for something that another thread does, and that wakes nobody.
pub(super) fn wait_until(stage: &Stage, mut holds: impl FnMut() -> bool) -> Result<(), Stop> {
    while !holds() {
        expect(!stage.is_over(), "the run is over")?;
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
