//! A test that hangs must fail, and leave the others alone.

use super::PATIENCE;
use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

/// Runs a test on a thread of its own. If it is not over in time it fails; its thread is left
/// behind, and ends with the process.
pub(crate) fn watched(test: impl FnOnce() + Send + 'static) {
    run(Box::new(test)); // one copy of what follows, not one for each test
}

fn run(test: Box<dyn FnOnce() + Send>) {
    let name = thread::current().name().unwrap_or("a test").to_owned();
    let (done, is_done) = mpsc::channel::<()>();
    let runner = thread::Builder::new().name(name.clone()).spawn(move || {
        test();
        drop(done); // also dropped by a panic: the wait below ends either way
    });
    // Every wait inside has its own limit, and says what it waited for; this is for the rest.
    let most = PATIENCE * 2;
    if is_done.recv_timeout(most) == Err(RecvTimeoutError::Timeout) {
        panic!("{name} is not over after {most:?}");
    }
    if let Err(panic) = runner.expect("a thread").join() {
        resume_unwind(panic);
    }
}
