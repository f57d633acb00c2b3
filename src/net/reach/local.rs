//! Connecting to a Unix domain socket by a deadline, which the standard library does not know.
//!
//! Such a connect waits only where the server is behind with accepting, and then for as long as that
//! lasts. So it waits on a thread of its own, as a look-up does.

use super::lookups::Lookups;
use crate::net::stream::is_timeout;
use crate::net::unix::Unix;
use std::io;
use std::path::Path;
use std::time::Instant;

const MOST_WAITING: usize = 64;

static WAITING: Lookups = Lookups::new(MOST_WAITING);

pub(in crate::net) fn connect(path: &Path, deadline: Instant) -> io::Result<Unix> {
    let own = path.to_owned();
    let connected = WAITING.answer(deadline, move || Unix::connect(own));
    connected.map_err(|e| {
        let why = match is_timeout(&e) {
            true => "nobody accepts in time".to_owned(),
            false => e.to_string(),
        };
        let text = format!("cannot connect to unix:{}: {why}", path.display());
        io::Error::new(e.kind(), text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tests::{PATIENCE, within};
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::net::UnixListener;
    use std::time::Duration;

    #[test]
    fn row_n03_a_server_that_does_not_accept_is_waited_for_until_the_deadline() {
        within(PATIENCE, || {
            let path = std::env::temp_dir().join(format!("barewire-full-{}", std::process::id()));
            let _ = fs::remove_file(&path);
            let listener = UnixListener::bind(&path).unwrap();
            let soon = || Instant::now() + Duration::from_millis(50);
            let mut queued = Vec::new();
            let error = loop {
                match connect(&path, soon()) {
                    Ok(unix) => queued.push(unix),
                    Err(e) => break e,
                }
            };
            assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
            assert!(!queued.is_empty());
            drop(listener); // and the one that waits hears of it
            fs::remove_file(&path).unwrap();
        });
    }
}
