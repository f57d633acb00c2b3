//! What a shell may do to any demo: the demo answers with an error and an exit code, not with a panic.

use crate::stage::{printed, program, refuses};
use crate::support::watched;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

#[test]
fn usage_of_the_http_server() {
    watched(|| {
        assert!(printed("http_server", &["--help"]).starts_with("usage: http_server "));
        refuses("http_server", &["--loud"], "there is no option --loud");
        refuses("http_server", &["--tls", "a"], "--tls needs a value");
    });
}

#[test]
fn arguments_that_are_not_utf8_are_refused() {
    watched(|| {
        for demo in [
            "chapter",
            "framing",
            "http_server",
            "https_server",
            "tcp_echo",
            "tls_echo",
            "udp_echo",
            "ws_server",
        ] {
            let mut command = Command::new(program(demo));
            let ended = command.arg(OsStr::from_bytes(b"--\xff")).output().unwrap();
            let err = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(2), "{demo}: {err}");
            assert!(err.starts_with(&format!("{demo}: ")), "{err}");
        }
    });
}

/// As behind `| head -1`.
#[test]
fn a_full_output_is_an_error_of_one_line() {
    watched(|| {
        for demo in ["framing", "nagle"] {
            let full = File::options().write(true).open("/dev/full").unwrap();
            let mut command = Command::new(program(demo));
            let ended = command.stdout(Stdio::from(full)).output().unwrap();
            let err = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(1), "{demo}: {err}");
            assert!(err.starts_with(&format!("{demo}: No space left")), "{err}");
            assert_eq!(err.lines().count(), 1, "{err}");
        }
    });
}
