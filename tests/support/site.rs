//! A server with an address, for as long as a test lasts.

use super::{Answer, Client, request};
use barewire::http::{Server, ServerEvents};
use barewire::net::{Addr, Handle, Stream, pipe_with_capacity};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A running server.
pub(crate) struct Site {
    pub(crate) handle: Handle,
}

impl Site {
    /// On a port of 127.0.0.1 that the system chooses: tests that run side by side never meet.
    pub(crate) fn new(server: Server<impl ServerEvents>) -> Site {
        Site::at("127.0.0.1:0", server)
    }

    pub(crate) fn at(address: &str, server: Server<impl ServerEvents>) -> Site {
        let handle = server.listen(address).expect("the address can be bound");
        Site { handle }
    }

    pub(crate) fn address(&self) -> Addr {
        self.handle.local_addr()
    }

    /// A new connection.
    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.address())
    }

    /// The answer to a GET, on a connection of its own.
    pub(crate) fn get(&self, target: &str) -> Answer {
        let mut client = self.client();
        client.send(request("GET", target));
        client.answer()
    }
}

impl Drop for Site {
    /// Whatever a failed test left open is cut.
    fn drop(&mut self) {
        self.handle.shutdown(Duration::ZERO);
    }
}

/// A server without an address: one connection in memory, with room for `capacity` bytes each way,
/// whose client is the test. Returns when both are done with it.
pub(crate) fn over_pipe(
    server: &Server<impl ServerEvents>,
    capacity: usize,
    test: impl FnOnce(Client),
) {
    served(&|stream| server.serve(stream), capacity, Box::new(test)); // `served` is compiled once
}

fn served(
    serve: &(dyn Fn(Arc<dyn Stream>) + Sync),
    capacity: usize,
    test: Box<dyn FnOnce(Client) + '_>,
) {
    let (here, there) = pipe_with_capacity(capacity);
    thread::scope(|scope| {
        scope.spawn(|| serve(Arc::new(there)));
        test(Client::over(Arc::new(here)));
    });
}
