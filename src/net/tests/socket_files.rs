use super::*;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process;

/// A path without a file, and the same as an address.
pub(super) fn path(name: &str) -> (PathBuf, String) {
    let path = std::env::temp_dir().join(format!("barewire-{}-{name}.sock", process::id()));
    let _ = fs::remove_file(&path);
    let address = format!("unix:{}", path.display());
    (path, address)
}

#[test]
fn row_n02_echo_over_a_path_and_the_file_goes_with_the_server() {
    within(PATIENCE, || {
        let (path, address) = path("echo");
        let (server, _) = serve_at(&address, Options::default(), echo);
        assert_eq!(server.local_addr().to_string(), address);
        is_echoed(&mut UnixStream::connect(&path).unwrap());
        server.shutdown(PATIENCE);
        assert!(!path.exists());
    });
}

#[test]
fn row_n02_a_stale_file_is_replaced() {
    let (path, address) = path("stale");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(Listener::bind(&address).unwrap());
    assert!(!path.exists());
}

#[test]
fn row_n02_a_live_server_is_left_in_peace() {
    let (path, address) = path("live");
    let live = UnixListener::bind(&path).unwrap();
    let error = Listener::bind(&address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(
        error.to_string().contains("another server listens there"),
        "{error}"
    );
    live.set_nonblocking(true).unwrap();
    assert_eq!(live.accept().unwrap_err().kind(), ErrorKind::WouldBlock); // was not even asked
    UnixStream::connect(&path).unwrap();
    fs::remove_file(&path).unwrap();
}

#[test]
fn what_is_not_a_socket_is_never_removed() {
    let (path, address) = path("file");
    fs::write(&path, "precious").unwrap();
    let error = Listener::bind(&address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains("not a socket"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_file_that_took_our_place_stays() {
    let (path, address) = path("usurped");
    let listener = Listener::bind(&address).unwrap();
    fs::remove_file(&path).unwrap();
    let usurper = UnixListener::bind(&path).unwrap();
    drop(listener);
    assert!(path.exists());
    drop(usurper);
    fs::remove_file(&path).unwrap();
}
