//! `echo_server PORT`: the blocking face at its plainest, for a load tool to ask.

use barewire::net;
use std::{env, process};

fn main() {
    let Some(port) = env::args().nth(1) else {
        eprintln!("usage: echo_server PORT");
        process::exit(2);
    };
    let server = net::create_server(|socket| {
        let mut buf = [0; 16 * 1024];
        while let n @ 1.. = socket.read(&mut buf)? {
            socket.write_all(&buf[..n])?;
        }
        Ok(())
    });
    let running = server.listen(&format!("127.0.0.1:{port}"));
    running.expect("a free port").wait();
}
