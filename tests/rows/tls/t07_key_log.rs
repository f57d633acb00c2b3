//! T07: `SSLKEYLOGFILE`, for Wireshark, and only with `key_log`.
//!
//! Environment variables belong to a process, so each case runs this test program again.

use super::stage::{client, meet, server};
use crate::support::watched;
use std::process::Command;

#[test]
fn row_t07_secrets_are_logged_only_with_key_log() {
    watched(|| {
        let asked = logged("row_t07_in_a_process_that_logs");
        let asked = asked.expect("a file");
        assert!(asked.contains("CLIENT_TRAFFIC_SECRET_0 "), "{asked}");
        assert!(asked.contains("SERVER_TRAFFIC_SECRET_0 "), "{asked}");
        assert_eq!(logged("row_t07_in_a_process_that_does_not"), None);
    });
}

/// The contents of the file after one of the two tests below has run with the variable set.
fn logged(test: &str) -> Option<String> {
    let name = format!("barewire-{}-{test}", std::process::id());
    let file = std::env::temp_dir().join(name);
    let program = std::env::current_exe().unwrap();
    let ran = Command::new(program)
        .args(["--exact", &format!("tls::t07_key_log::{test}")])
        .env("SSLKEYLOGFILE", &file)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        ran.status.success() && output.contains("1 passed"),
        "{output}"
    );
    let text = std::fs::read_to_string(&file).ok();
    let _ = std::fs::remove_file(&file);
    text
}

#[test]
fn row_t07_in_a_process_that_logs() {
    watched(|| drop(meet(&server("server").key_log(true), &client()).both()));
}

#[test]
fn row_t07_in_a_process_that_does_not() {
    watched(|| drop(meet(&server("server"), &client()).both()));
}
