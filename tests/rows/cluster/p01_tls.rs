//! P01 over TLS: the workers are real `http_server`s with a certificate.

use super::stage::Up;
use crate::https::stage::trusting;
use crate::support::{Client, PATIENCE, request, watched};
use barewire::cluster::Master;
use barewire::net::{Addr, Tcp};
use barewire::tls::ClientContext;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

pub(super) const UPLOAD: &str =
    "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";

fn https(master: Master) -> Master {
    let file = |name| format!("{}/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    let args = ["--tls".to_owned(), file("server.crt"), file("server.key")];
    master.exec(env!("CARGO_BIN_EXE_http_server"), args)
}

/// A connection with its handshake over.
fn connect(up: &Up, context: &ClientContext) -> Client {
    let Addr::Ip(address) = up.local_addr() else {
        panic!("a port");
    };
    let tcp = Arc::new(Tcp::connect(address, Some(PATIENCE)).expect("a server"));
    let tls = context.connect(tcp, "localhost", Instant::now() + PATIENCE);
    Client::over(Arc::new(tls.expect("a handshake")))
}

fn get(client: &mut Client) {
    client.send(request("GET", "/length"));
    assert_eq!(client.answer().text(), "Hello World\n");
}

/// The numbers of the workers that serve a connection.
fn serving(up: &Up) -> Vec<u64> {
    let stats = up.stats().into_iter();
    let serves = stats.filter(|(_, figures)| !figures.contains("connections=0"));
    serves.map(|(child, _)| child.id()).collect()
}

#[test]
fn row_p01_each_of_two_workers_answers_over_tls() {
    watched(|| {
        let up = Up::new(https).listening(2);
        let context = ClientContext::new(&trusting()).expect("good options");
        let mut clients = Vec::new();
        while serving(&up) != [1, 2] {
            let mut client = connect(&up, &context);
            get(&mut client);
            clients.push(client); // it stays open
        }
    });
}

/// Clients that connect for each request meanwhile lose none; nor does the request that an old worker has begun.
#[test]
fn row_p01_a_restart_over_tls_loses_no_request() {
    watched(|| {
        let up = Up::new(https).listening(2);
        let context = ClientContext::new(&trusting()).expect("good options");
        let mut upload = connect(&up, &context);
        upload.send(UPLOAD);
        upload.interim(); // its handler waits for the body
        let mut idle = connect(&up, &context);
        get(&mut idle);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let ask = || {
                while !is_over.load(Ordering::Relaxed) {
                    get(&mut connect(&up, &context));
                }
            };
            let clients = [scope.spawn(ask), scope.spawn(ask)];
            let restart = scope.spawn(|| up.restart(PATIENCE));
            up.log.wait_for_several("3 listening", 1);
            up.log.wait_for_several("4 listening", 1);
            idle.ended(); // so both old workers drain
            upload.send("late");
            let answer = upload.answer();
            assert_eq!(answer.text(), "late");
            assert!(answer.says_close());
            let restarted = restart.join().expect("no panic");
            is_over.store(true, Ordering::Relaxed);
            restarted.unwrap_or_else(|e| panic!("{e}: {:#?}", up.log.all()));
            for client in clients {
                client.join().expect("no request is lost");
            }
        });
        for old in [1, 2] {
            assert_eq!(up.log.count(&format!("{old} exit code 0")), 1);
        }
        let new: Vec<u64> = up.children().iter().map(|child| child.id()).collect();
        assert_eq!(new, [3, 4]);
    });
}
