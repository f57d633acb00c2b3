//! How to get there: in the clear, or under TLS.

use barewire::https;
use barewire::tls::{ClientContext, ClientOptions};
use barewire::websocket::{self, ConnectOptions, Error, WebSocket};

#[derive(Default)]
pub(crate) struct Dial {
    pub(crate) url: String,
    /// Who may vouch for the server.
    pub(crate) cacert: Option<String>,
    /// Whoever it is.
    pub(crate) insecure: bool,
}

impl Dial {
    pub(crate) fn connect(&self) -> Result<WebSocket, Error> {
        self.connect_to(&self.url)
    }

    pub(crate) fn connect_to(&self, url: &str) -> Result<WebSocket, Error> {
        let mut options = ConnectOptions::new();
        if url.starts_with("wss:") {
            options = options.create_connection(https::connector(&self.context()?));
        }
        websocket::connect_with(url, &options)
    }

    fn context(&self) -> Result<ClientContext, Error> {
        let mut tls = ClientOptions::new().reject_unauthorized(!self.insecure);
        if let Some(path) = &self.cacert {
            tls = tls.ca(std::fs::read(path)?);
        }
        Ok(ClientContext::new(&tls).map_err(std::io::Error::from)?)
    }
}
