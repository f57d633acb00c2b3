//! H11 under TLS: a response that is coalesced with the next is sent although the next handler waits, in
//! pieces if the socket has little room. (A TLS record is larger than this socket's buffer. It counts as
//! sent when the whole record is.)

use super::stage::{identity, trusting};
use crate::support::{Client, Gate, PATIENCE, request, watched};
use barewire::http::{self, Request, Response, Server, ServerEvents};
use barewire::net::pipe_with_capacity;
use barewire::tls::{ClientContext, ServerContext};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// `/wait` waits for the gate.
fn gated(gate: &Gate, bytes: usize) -> Server<impl ServerEvents> {
    let gate = gate.clone();
    http::create_server(move |req: Request<'_>, res: Response<'_>| {
        if req.path() == "/wait" {
            gate.pass();
        }
        res.end(body(req.path(), bytes))
    })
}

fn body(path: &str, bytes: usize) -> String {
    format!("{path} {}", "x".repeat(bytes))
}

/// One connection over a pipe of this capacity.
fn over_tls(server: &Server<impl ServerEvents>, capacity: usize, test: impl FnOnce(Client)) {
    let (here, there) = pipe_with_capacity(capacity);
    thread::scope(|scope| {
        scope.spawn(|| {
            let context = ServerContext::new(&identity("server")).expect("good options");
            let tls = context.accept(Arc::new(there)).expect("a handshake");
            server.serve(Arc::new(tls));
        });
        let context = ClientContext::new(&trusting()).expect("good options");
        let deadline = Instant::now().checked_add(PATIENCE).expect("a time");
        let tls = context.connect(Arc::new(here), "localhost", deadline);
        test(Client::over(Arc::new(tls.expect("a handshake"))));
    });
}

#[test]
fn fault_a04_no_response_is_withheld_under_tls() {
    watched(|| {
        for capacity in [2_000, 1 << 20] {
            for bytes in [0, 10_000, 16_000] {
                for read_before in [0, bytes / 2, bytes] {
                    let gate = Gate::default();
                    over_tls(&gated(&gate, bytes), capacity, |mut client| {
                        client.send(request("GET", "/first") + &request("GET", "/wait"));
                        assert_eq!(client.head().status, 200);
                        let first = body("/first", bytes);
                        client.exactly(&first[..read_before]);
                        gate.open();
                        client.exactly(&first[read_before..]);
                        assert_eq!(client.answer().text(), body("/wait", bytes));
                        client.finish();
                        client.ended();
                    });
                }
            }
        }
    });
}
