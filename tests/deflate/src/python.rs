//! zlib, in a Python of its own that runs `zlib_peer.py`.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct Python {
    process: Child,
    to: Option<ChildStdin>,
    from: ChildStdout,
}

impl Python {
    pub fn start() -> Python {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/zlib_peer.py");
        let mut process = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        Python {
            to: process.stdin.take(),
            from: process.stdout.take().expect("it is piped"),
            process,
        }
    }

    /// Has it decompress the stream and compare it with the content. What it makes of the content, and the bits of its window.
    pub fn judge(&mut self, bits: u8, seed: u64, stream: &[u8], content: &[u8]) -> (u8, Vec<u8>) {
        let mut message = vec![bits];
        message.extend(seed.to_le_bytes());
        message.extend((stream.len() as u32).to_le_bytes());
        message.extend((content.len() as u32).to_le_bytes());
        message.extend_from_slice(stream);
        message.extend_from_slice(content);
        // It reads all of it before it answers.
        let to = self.to.as_mut().expect("it runs");
        to.write_all(&message).expect("it reads");
        let mut head = [0; 5];
        self.from.read_exact(&mut head).expect("it answers");
        let length = u32::from_le_bytes(head[1..].try_into().expect("4 bytes"));
        let mut answer = vec![0; length as usize];
        self.from.read_exact(&mut answer).expect("it answers");
        assert!(head[0] > 0, "zlib: {}", String::from_utf8_lossy(&answer));
        (head[0], answer)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        self.to = None;
        _ = self.process.wait();
    }
}
