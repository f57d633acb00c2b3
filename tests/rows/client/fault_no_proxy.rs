//! Which requests go through the proxy: `fixtures/client/no_proxy.txt`, and requests over a local socket.

use super::test_server::TestServer;
use crate::support::{Log, Site, watched};
use barewire::http::{self, Proxy, RequestOptions};
use std::path::PathBuf;

/// Whether these options have the way that they have without the proxy.
fn is_direct(options: &RequestOptions, proxy: &Proxy) -> bool {
    let with = options.clone().proxy(proxy).origin().expect("options");
    with == options.origin().expect("options")
}

#[test]
fn fault_c08_the_hosts_that_are_reached_without_the_proxy() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/client/no_proxy.txt");
    let text = std::fs::read_to_string(path).expect("a fixture");
    let (mut case, mut list, mut checked) = ("", "", 0);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (key, value) = line.split_once(':').unwrap_or_default();
        match key {
            "" => continue,
            "case" => case = value.trim(),
            "list" => list = value.trim(),
            "direct" | "proxied" => {
                let proxy = Proxy::new("http://proxy.test/").unwrap().no_proxy(list);
                for host in value.split_whitespace() {
                    let options = RequestOptions::new().no_agent().host(host);
                    let Ok(_) = options.origin() else {
                        continue; // it is no host for any request
                    };
                    let direct = is_direct(&options, &proxy);
                    assert_eq!(direct, key == "direct", "{case}: {list:?} and {host}");
                    checked += 1;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(checked > 150, "{checked}");
}

/// `host` and `hostname` say the same, with the port of the scheme or another.
#[test]
fn fault_c08_the_port_of_the_request_counts() {
    let proxy = Proxy::new("http://proxy.test/").unwrap().no_proxy("a:80");
    let options = RequestOptions::new().hostname("a");
    assert!(is_direct(&options, &proxy));
    assert!(is_direct(&options.clone().port(80), &proxy));
    assert!(!is_direct(&options.port(81), &proxy));
    let options = RequestOptions::new().url("http://u:p@A./x?y").unwrap();
    assert!(is_direct(&options, &proxy));
}

/// The proxy would be asked for `localhost:80`, and would get what is meant for a socket of this machine.
#[test]
fn fault_c19_a_request_over_a_local_socket_never_goes_to_the_proxy() {
    watched(|| {
        let log = Log::default();
        let noting = log.clone();
        let server = TestServer::over_tcp(move |_| noting.note("the proxy was connected to"));
        let address = format!("http://user:secret@127.0.0.1:{}", server.port());
        let proxy = proxy_at(&address);
        let path = format!("{}/fault_c19.sock", env!("CARGO_TARGET_TMPDIR"));
        let site = Site::at(
            &format!("unix:{path}"),
            http::create_server(|req, res| {
                let fields = format!("{:?}", req.headers());
                res.end(format!("{} {fields}", req.url()))
            }),
        );
        for proxy in [proxy.clone(), proxy.tunnel()] {
            let options = RequestOptions::new().agent(&server.agent).path("/a");
            let options = options.header("Authorization", "Bearer token");
            for options in [
                options.clone().socket_path(&path).proxy(&proxy),
                options.clone().proxy(&proxy).socket_path(&path),
            ] {
                let mut response = http::request(options).unwrap().end("").unwrap();
                let saw = String::from_utf8(response.collect().unwrap()).unwrap();
                assert!(saw.starts_with("/a "), "no absolute-form: {saw}");
                assert!(saw.contains("Bearer token"), "{saw}");
                assert!(!saw.contains("Proxy-Authorization"), "{saw}");
            }
        }
        drop(site);
        // Not if the socket is gone, either.
        let options = RequestOptions::new().no_agent().socket_path(&path);
        assert!(
            http::request(options.proxy(&proxy_at(&address)))
                .unwrap()
                .end("")
                .is_err()
        );
        assert_eq!(log.all(), [""; 0]);
        server.end();
    });
}

fn proxy_at(address: &str) -> Proxy {
    Proxy::new(address).unwrap()
}
