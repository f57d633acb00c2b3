//! A large file: the memory that serving it takes.

#[path = "../rows/files/site.rs"]
#[allow(dead_code)] // the rest is for the rows
mod site;

use crate::alone;
use site::{Site, request, watched};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;

/// The most memory this process ever had, where the system tells.
fn most_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

/// A gigabyte, over a real connection: memory does not follow.
#[test]
fn row_h12_a_large_file_in_bounded_memory() {
    let _alone = alone();
    watched(|| {
        let site = Site::new("large");
        let file = File::create(site.path("large.bin")).expect("a file");
        file.set_len(1024 * MIB).expect("a hole");
        let handle = site.server().listen("127.0.0.1:0").expect("a port");
        let before = most_memory();
        let address = handle.local_addr().to_string();
        let mut stream = TcpStream::connect(address).expect("a connection");
        let get = request("GET", "/large.bin", &["Connection: close"]);
        stream.write_all(get.as_bytes()).expect("a request");
        let received = count(&mut stream);
        assert!(received > 1024 * MIB && received < 1025 * MIB, "{received}");
        if let (Some(before), Some(after)) = (before, most_memory()) {
            assert!(after - before < 64 * MIB, "{} bytes more", after - before);
        }
        handle.shutdown(Duration::from_secs(5));
    });
}

fn count(stream: &mut TcpStream) -> u64 {
    let mut buffer = vec![0; 256 * 1024];
    let mut received = 0;
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        received += n as u64;
    }
    received
}
