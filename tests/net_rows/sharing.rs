//! One socket and many threads: nothing is torn, lost or told twice.

use crate::stage::expect;
use crate::support::watched;
use barewire::net::{Socket, pipe_with_capacity};
use std::sync::Arc;
use std::thread;

/// What one call was given leaves in one piece, however long it takes: two threads that write
/// messages do not tear each other's.
#[test]
fn sharing_a_write_all_is_not_torn() {
    watched(|| {
        let (here, there) = pipe_with_capacity(1);
        let socket = Socket::new(Arc::new(here));
        let first = socket.clone();
        let writer = thread::spawn(move || first.write_all("a message in one piece, "));
        let peer = Socket::new(Arc::new(there));
        expect(&peer, "a mess"); // so it is under way
        socket.write("and another.");
        expect(&peer, "age in one piece, and another.");
        writer.join().unwrap().unwrap();
    });
}
