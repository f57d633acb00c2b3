//! `proxy`: the requests that it refuses, and its responses to them.

use super::forwarding::proxy;
use super::hello;
use super::stage::{Scripted, nobody, run};
use crate::support::{Answer, Client, watched};
use std::net::TcpListener;

fn get(client: &mut Client, target: &str, fields: &str) -> Answer {
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
    client.answer()
}

#[test]
fn row_a07_only_allowed_hosts_are_reached() {
    watched(|| {
        let (_site, port) = hello();
        let (_running, mut client, _) = proxy(&["--allow", &format!("localhost:{port}")]);
        let answer = get(&mut client, &format!("http://localhost:{port}/"), "");
        assert_eq!(answer.status, 200);
        for (target, option) in [
            (
                format!("http://127.0.0.1:{port}/"),
                format!("--allow 127.0.0.1:{port} "),
            ),
            (
                "http://localhost/".to_owned(),
                "--allow localhost:80 ".to_owned(),
            ),
            (
                "http://[::1]:81/".to_owned(),
                "--allow [::1]:81 ".to_owned(),
            ),
            (
                "http://EXAMPLE.com/".to_owned(),
                "--allow example.com:80 ".to_owned(),
            ),
        ] {
            let answer = get(&mut client, &target, "");
            assert_eq!(answer.status, 403, "{target}");
            assert!(answer.text().contains(&option), "{}", answer.text());
        }
    });
}

#[test]
fn row_a07_a_name_that_leads_to_this_machine_is_refused() {
    watched(|| {
        let (_site, port) = hello();
        let (_running, mut client, _) = proxy(&["--allow", "*"]);
        // The system takes each of these for 127.0.0.1, which its name does not say.
        for host in ["127.1", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]"] {
            let answer = get(&mut client, &format!("http://{host}:{port}/"), "");
            assert!(
                matches!(answer.status, 400 | 403),
                "{host}: {}",
                answer.text()
            );
        }
        let answer = get(&mut client, &format!("http://0.0.0.0:{port}/"), "");
        assert_eq!(answer.status, 403);
        assert!(
            answer.text().contains("the proxy's own machine"),
            "{}",
            answer.text()
        );
        client.send(format!(
            "CONNECT 0.0.0.0:{port} HTTP/1.1\r\nHost: a\r\n\r\n"
        ));
        assert_eq!(client.answer().status, 403);
        assert_eq!(
            get(&mut client, &format!("http://localhost:{port}/"), "").status,
            200
        );
    });
}

#[test]
fn row_a07_a_client_without_credentials_gets_407() {
    watched(|| {
        let (_site, port) = hello();
        let (_running, mut client, _) = proxy(&["--auth", "me:secret"]);
        let target = format!("http://localhost:{port}/");
        for field in [
            "",
            "Proxy-Authorization: Basic bWU6c2VjcmV\r\n",
            "Proxy-Authorization: Basic bWU6c2VjcmV0cw==\r\n", // me:secrets
            "Authorization: Basic bWU6c2VjcmV0\r\n",
        ] {
            let answer = get(&mut client, &target, field);
            assert_eq!(answer.status, 407, "{field}");
            let challenge = answer.field("Proxy-Authenticate");
            assert_eq!(challenge, Some("Basic realm=\"barewire proxy\""));
        }
        let known = "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n";
        assert_eq!(get(&mut client, &target, known).status, 200);
    });
}

#[test]
fn row_a07_a_loop_is_refused() {
    watched(|| {
        let (mut running, mut client, at) = proxy(&["--name", "me"]);
        let answer = get(
            &mut client,
            "http://localhost/",
            "Via: 1.1 you, 1.1 ME (twice)\r\n",
        );
        assert_eq!(
            (answer.status, answer.reason.as_str()),
            (508, "Loop Detected")
        );
        assert!(running.line().contains("-> 508 "));
        // The proxy forwards this request to itself.
        let answer = get(&mut client, &format!("http://localhost:{at}/"), "");
        assert_eq!(answer.status, 508);
        let (one, other) = (running.line(), running.line()); // in either order
        let inner = |line: &str| line.starts_with("GET / -> 508 ");
        assert!(inner(&one) != inner(&other), "{one} {other}");
    });
}

#[test]
fn targets_that_a_proxy_does_not_forward() {
    watched(|| {
        let (_running, mut client, _) = proxy(&[]);
        for (target, status, says) in [
            ("/", 400, "send it a whole URL"),
            ("https://localhost/", 501, "needs a tunnel: CONNECT"),
        ] {
            let answer = get(&mut client, target, "");
            assert_eq!(answer.status, status, "{target}");
            assert!(answer.text().contains(says), "{}", answer.text());
        }
        client.send("CONNECT localhost HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer().status, 400);
    });
}

#[test]
fn row_a07_failures_of_the_server_are_reported() {
    watched(|| {
        let nobody = nobody();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent_at = silent.local_addr().unwrap();
        let nonsense = Scripted::new(&["SSH-2.0-OpenSSH_9.2\r\n"]);
        let (_running, mut client, _) = proxy(&["--timeout", "0.1"]);
        for (target, status, says) in [
            (format!("http://{nobody}/"), 502, "Connection refused"),
            (nonsense.url(), 502, "the version is HTTP/ DIGIT . DIGIT"),
            (
                format!("http://{silent_at}/"),
                504,
                "did not come within 100ms",
            ),
        ] {
            let answer = get(&mut client, &target, "");
            assert_eq!(answer.status, status, "{target}: {}", answer.text());
            assert!(answer.text().contains(says), "{}", answer.text());
        }
        client.send(format!("CONNECT {nobody} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.answer().status, 502);
    });
}

#[test]
fn row_a07_a_cut_response_is_cut_for_the_client() {
    watched(|| {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        ] {
            let server = Scripted::new(&[answer]);
            let (_running, mut client, _) = proxy(&[]);
            client.send(format!("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", server.url()));
            assert!(client.try_answer().is_err(), "{answer:?}");
        }
    });
}

#[test]
fn mistakes_in_the_options() {
    watched(|| {
        for args in [&["--allow"][..], &["--allow", "http://a"], &["--port", "1"]] {
            let ran = run("proxy", args);
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        }
        assert!(run("proxy", &["-h"]).out.starts_with("usage: proxy "));
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let ran = run(
            "proxy",
            &["--listen", &taken.local_addr().unwrap().to_string()],
        );
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        assert!(ran.err.starts_with("proxy: "), "{}", ran.err);
    });
}
