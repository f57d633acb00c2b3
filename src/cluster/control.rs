//! A worker's end of the control stream, which is its standard output.

use super::lines::{Part, Splitter, Verb};
use crate::net::lock;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::Duration;

/// A parent that reads nothing for this long is as good as gone.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Control {
    stream: Option<UnixStream>,
    writing: Mutex<()>,
}

impl Control {
    /// Without a stream there is a parent that is gone.
    pub(super) fn of_stdout() -> Control {
        let stream = || {
            let stream = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
            stream.set_write_timeout(Some(STALL_TIMEOUT))?;
            Ok::<_, io::Error>(stream)
        };
        Control {
            stream: stream().ok(),
            writing: Mutex::new(()),
        }
    }

    pub(super) fn report(&self, verb: Verb, text: &str) -> io::Result<()> {
        let line = verb.line(text)?;
        let _writing = lock(&self.writing);
        self.stream()?.write_all(&line)
    }

    /// Calls `each` with what the parent says, until that returns true. False: the parent is gone.
    pub(super) fn listen(&self, mut each: impl FnMut(Verb, &str) -> bool) -> bool {
        let (mut splitter, mut buf, mut is_over) = (Splitter::default(), [0; 4096], false);
        while !is_over {
            let read = self.stream().and_then(|mut stream| stream.read(&mut buf));
            let n = match read {
                Ok(n @ 1..) => n,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Ok(_) | Err(_) => return false,
            };
            splitter.receive(&buf[..n], |part| {
                if let Part::Line(Some((verb, text))) = part
                    && !is_over
                {
                    is_over = each(verb, &text);
                }
            });
        }
        true
    }

    fn stream(&self) -> io::Result<&UnixStream> {
        let gone = || io::Error::new(ErrorKind::NotConnected, "there is no parent");
        self.stream.as_ref().ok_or_else(gone)
    }
}
