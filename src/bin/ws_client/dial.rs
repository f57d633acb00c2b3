//! Connecting: in the clear, or under TLS.

use crate::demo::ClientFiles;
use barewire::http::{Proxy, RequestOptions};
use barewire::https;
use barewire::tls::{ClientContext, ClientOptions};
use barewire::trace::Recorder;
use barewire::websocket::{self, Config, ConnectOptions, Error, PerMessageDeflate, WebSocket};

pub(crate) struct Dial {
    pub(crate) url: String,
    /// Our name in the report of the Autobahn|Testsuite.
    pub(crate) agent: String,
    /// With the certificates to trust instead of the public authorities.
    pub(crate) files: ClientFiles,
    /// The URL of a proxy.
    pub(crate) proxy: Option<String>,
    /// Any certificate is accepted.
    pub(crate) insecure: bool,
    /// How messages are compressed, if the server agrees.
    pub(crate) deflate: Option<PerMessageDeflate>,
    pub(crate) recorder: Option<Recorder>,
}

impl Dial {
    pub(crate) fn connect(&self) -> Result<WebSocket, Error> {
        self.connect_to(&self.url)
    }

    pub(crate) fn connect_to(&self, url: &str) -> Result<WebSocket, Error> {
        let mut options = ConnectOptions::new().config(Config {
            deflate: self.deflate,
            ..Config::default()
        });
        if let Some(proxy) = &self.proxy {
            let request = RequestOptions::new().proxy(&Proxy::new(proxy)?);
            options = options.request_options(&request);
        }
        if url.starts_with("wss:") {
            options = options.create_connection(https::connector(&self.context()?));
        }
        if let Some(recorder) = &self.recorder {
            options = options.tap(recorder.clone());
        }
        websocket::connect_with(url, &options)
    }

    fn context(&self) -> Result<ClientContext, Error> {
        let mut tls = ClientOptions::new().reject_unauthorized(!self.insecure);
        if let Some(ca) = self.files.ca()? {
            tls = tls.ca(ca);
        }
        Ok(ClientContext::new(&tls).map_err(std::io::Error::from)?)
    }
}
