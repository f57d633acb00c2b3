//! A client with no opinion: it sends the bytes it is given.

use super::{Answer, Broken, PATIENCE, Reader};
use barewire::net::{Addr, Stream, Tcp, Unix};
use std::io;
use std::net::Shutdown;
use std::sync::Arc;

/// One connection to a server, seen from the other side.
pub(crate) struct Client {
    stream: Arc<dyn Stream>,
    reader: Reader,
}

impl Client {
    pub(crate) fn connect(address: &Addr) -> Client {
        Client::over(match address {
            Addr::Ip(address) => {
                Arc::new(Tcp::connect(*address, Some(PATIENCE)).expect("a server"))
            }
            Addr::Unix(Some(path)) => Arc::new(Unix::connect(path).expect("a server")),
            other => panic!("nobody can connect to {other}"),
        })
    }

    /// Over a stream that is connected already, such as one end of a pipe.
    pub(crate) fn over(stream: Arc<dyn Stream>) -> Client {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let reader = Reader::over(stream.clone());
        Client { stream, reader }
    }

    pub(crate) fn stream(&self) -> &Arc<dyn Stream> {
        &self.stream
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).expect("the server still reads");
    }

    /// Sends to a server that may have had enough.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("a connection");
    }

    /// The next final answer, to a request that was no HEAD.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        self.reader.expect_answer("GET")
    }

    #[track_caller]
    pub(crate) fn answer_to_head(&mut self) -> Answer {
        self.reader.expect_answer("HEAD")
    }

    /// The next answer must be a 1xx.
    #[track_caller]
    pub(crate) fn interim(&mut self) -> Answer {
        self.reader.expect_interim()
    }

    /// The head that hands the connection over: a 101, or a 200 to CONNECT. What follows is
    /// no HTTP: see [`exactly`](Self::exactly).
    #[track_caller]
    pub(crate) fn switched(&mut self) -> Answer {
        self.reader.head().expect("a head")
    }

    pub(crate) fn try_answer(&mut self) -> Result<Answer, Broken> {
        self.reader.answer("GET")
    }

    /// The head of the next answer; its body is read by [`exactly`](Self::exactly).
    #[track_caller]
    pub(crate) fn head(&mut self) -> Answer {
        self.reader.head().expect("a head")
    }

    /// The next bytes must be these.
    #[track_caller]
    pub(crate) fn exactly(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let got = self.reader.take(bytes.len()).expect("bytes");
        let (is, should_be) = (got.escape_ascii(), bytes.escape_ascii()); // made into text only to be shown
        assert!(got == bytes, "{is} is not {should_be}");
    }

    /// The next bytes, however many of them are wanted, if they come.
    pub(crate) fn try_exactly(&mut self, bytes: usize) -> Result<Vec<u8>, Broken> {
        self.reader.take(bytes)
    }

    /// Nothing more comes: the server has ended the connection.
    #[track_caller]
    pub(crate) fn ended(&mut self) {
        let rest = self.reader.rest();
        assert_eq!(rest.escape_ascii().to_string(), "", "came after all");
    }

    /// Everything up to the end of the connection, whichever way it ends.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.reader.rest()
    }

    /// Whether nothing has come beyond what was read. Right after something else that was sent
    /// later has arrived, this is proof; at any other time it is a guess.
    pub(crate) fn has_nothing(&mut self) -> bool {
        self.reader.has_nothing()
    }
}
