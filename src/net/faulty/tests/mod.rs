//! A faulty stream over a pipe, and now and then over the kernel.

mod ending;
mod passing;
mod splitting;
mod waiting;

use super::*;
use crate::net::tests::{PATIENCE, within};
use crate::net::{Addr, Pipe, Unix, is_timeout, pipe, pipe_with_capacity};
use std::sync::mpsc::{self, Receiver};
use std::thread;

const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(2);

/// A peer, and the stream to it that misbehaves.
fn faulty(faults: Faults) -> (Pipe, Arc<Faulty>) {
    let (there, here) = pipe();
    patient(&there);
    (there, Arc::new(patient_faulty(Arc::new(here), faults)))
}

fn patient_faulty(below: Arc<dyn Stream>, faults: Faults) -> Faulty {
    let faulty = Faulty::new(below, faults);
    patient(&faulty);
    faulty
}

/// No test waits for ever: what should come and does not is an error.
fn patient(stream: &dyn Stream) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
}

fn split<const N: usize>(sizes: [usize; N]) -> Faults {
    Faults::default().split_reads(sizes)
}

fn read(stream: &dyn Stream) -> Vec<u8> {
    let mut buf = [0; 1024];
    let n = stream.read(&mut buf).unwrap();
    buf[..n].to_vec()
}

fn try_read(stream: &dyn Stream) -> Option<Vec<u8>> {
    let mut buf = [0; 1024];
    let n = stream.try_read(&mut buf).unwrap()?;
    Some(buf[..n].to_vec())
}

fn kind<T: fmt::Debug>(result: io::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

/// A stream that does something before each read, write and abort of its own.
struct Hooked<F> {
    below: Pipe,
    before: F,
}

impl<F: Fn(&'static str) + Send + Sync + 'static> crate::net::Layer for Hooked<F> {
    fn below(&self) -> &dyn Stream {
        &self.below
    }
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        (self.before)("read");
        self.below.read(buf)
    }
    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        (self.before)("write");
        self.below.write(buf)
    }
    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (self.before)("write");
        self.below.write_vectored(bufs)
    }
    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        (self.before)("write");
        self.below.try_write(buf)
    }
    fn abort(&self) -> io::Result<()> {
        (self.before)("abort");
        self.below.abort()
    }
}

impl<F> fmt::Debug for Hooked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.below.fmt(f)
    }
}

/// As `faulty`, and reports which call goes below. With room for 4 bytes each way.
fn reporting(faults: Faults) -> (Pipe, Arc<Faulty>, Receiver<&'static str>) {
    let (there, below) = pipe_with_capacity(4);
    let (calls, called) = mpsc::channel();
    let before = move |call| calls.send(call).unwrap_or(()); // the test may have dropped `called`
    let faulty = patient_faulty(Arc::new(Hooked { below, before }), faults);
    patient(&there);
    (there, Arc::new(faulty), called)
}
