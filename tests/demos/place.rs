//! Where a Unix socket may be.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Two tests may have one name for it.
static PLACES: AtomicUsize = AtomicUsize::new(0);

/// A path for a socket, in a folder of its own that goes away with it.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(test: &str) -> Place {
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let folder = format!("barewire-{test}-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        fs::create_dir(&folder).expect("a new folder");
        Place(folder)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.join("echo.sock")
    }

    pub(crate) fn address(&self) -> String {
        format!("unix:{}", self.path().display())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
