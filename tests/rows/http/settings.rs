//! Every setting of a server, and its effect. The defaults are in `tests/rows/docs/defaults.rs`.

use crate::support::{PATIENCE, Reader, Script, Site, answers, post, request, watched};
use barewire::http::wire::Limits;
use barewire::http::{self, Config, Request, Server, ServerEvents};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn hello() -> Server<impl ServerEvents> {
    http::create_server(|_req, res| res.end("hello"))
}

/// One by one or all at once: the same.
#[test]
fn settings_can_be_set_one_by_one_or_all_at_once() {
    let millis = Duration::from_millis;
    let limits = Limits {
        fields: 7,
        ..Limits::default()
    };
    let proxies = http::TrustedProxies::forwarded(["::1"]).ok();
    let one_by_one = hello()
        .limits(limits)
        .collected_body_bytes(1)
        .total_collected_bytes(13)
        .max_connections(2)
        .max_connections_per_address(Some(14))
        .max_requests_per_connection(Some(3))
        .spare_threads(4)
        .stack_bytes(4 << 20)
        .head_timeout(millis(5))
        .keep_alive_timeout(Some(millis(6)))
        .stall_timeout(millis(7))
        .min_bytes_per_second(8)
        .linger_timeout(millis(9))
        .linger_bytes(10)
        .discard_bytes(11)
        .pending_bytes(12)
        .trusted_proxies(proxies.clone());
    let config = Config {
        limits,
        collected_body_bytes: 1,
        total_collected_bytes: 13,
        max_connections: 2,
        max_connections_per_address: Some(14),
        max_requests_per_connection: Some(3),
        spare_threads: 4,
        stack_bytes: 4 << 20,
        head_timeout: millis(5),
        keep_alive_timeout: Some(millis(6)),
        stall_timeout: millis(7),
        min_bytes_per_second: 8,
        linger_timeout: millis(9),
        linger_bytes: 10,
        discard_bytes: 11,
        pending_bytes: 12,
        trusted_proxies: proxies,
    };
    let at_once = hello().config(config);
    assert_eq!(format!("{one_by_one:?}"), format!("{at_once:?}"));
    assert!(format!("{at_once:?}").contains("max_connections: 2"));
}

/// `Keep-Alive` announces `keep_alive_timeout`; without a timeout the field is left out.
#[test]
fn settings_keep_alive_is_announced() {
    let reported = |server: Server<_>| {
        let bytes = server.answer_to(request("GET", "/").as_bytes());
        let answer = answers(bytes, &["GET"]).remove(0);
        answer.field("Keep-Alive").map(str::to_owned)
    };
    let secs = |secs| Some(Duration::from_secs(secs));
    assert_eq!(reported(hello()).as_deref(), Some("timeout=5"));
    assert_eq!(
        reported(hello().keep_alive_timeout(secs(75))).as_deref(),
        Some("timeout=75")
    );
    assert_eq!(reported(hello().keep_alive_timeout(None)), None);
}

/// Threads that have had a connection stay for the next one, as many as they should.
#[test]
fn settings_spare_threads_stay() {
    watched(|| {
        for (most, stay) in [(16, 11), (3, 3), (0, 1)] {
            let site = Site::new(hello().spare_threads(most));
            let clients: Vec<_> = (0..10)
                .map(|_| {
                    let mut client = site.client();
                    client.send(request("GET", "/"));
                    assert_eq!(client.answer().text(), "hello");
                    client
                })
                .collect();
            assert_eq!(site.handle.threads(), 11);
            drop(clients);
            let began = Instant::now();
            while site.handle.connections() > 0 || site.handle.threads() > stay {
                assert!(began.elapsed() < PATIENCE, "{}", site.handle.threads());
                std::thread::yield_now();
            }
            assert_eq!(site.handle.threads(), stay);
        }
    });
}

/// A handler that needs a deep stack can have one.
#[test]
fn settings_stack_bytes_is_the_stack_of_a_handler() {
    fn deep(left: usize) -> usize {
        let page = std::hint::black_box([left as u8; 4096]);
        match left {
            0 => 0,
            _ => deep(left - 1) + usize::from(page[4095] == left as u8),
        }
    }
    watched(|| {
        let server = http::create_server(|_req, res| res.end(deep(1000).to_string()));
        let site = Site::new(server.stack_bytes(16 << 20)); // the default would end the process
        assert_eq!(site.get("/").text(), "1000");
    });
}

/// Responses are coalesced up to `pending_bytes`. How they leave does not change them.
#[test]
fn settings_pending_bytes_changes_no_answer() {
    let all: String = (0..20).map(|n| request("GET", &format!("/{n}"))).collect();
    for pending in [0, 1, 300, usize::MAX] {
        let server = http::create_server(|req: Request<'_>, res| res.end(req.path()));
        let script = Arc::new(Script::new([all.as_bytes()]));
        server.pending_bytes(pending).serve(script.clone());
        let mut answers = Reader::of(script.written());
        for n in 0..20 {
            assert_eq!(answers.expect_answer("GET").text(), format!("/{n}"));
        }
    }
}

/// The longest time there is means "for ever" wherever it is set.
#[test]
fn fault_a16_settings_may_be_the_longest_time_there_is() {
    watched(|| {
        let server = hello()
            .head_timeout(Duration::MAX)
            .keep_alive_timeout(Some(Duration::MAX))
            .stall_timeout(Duration::MAX)
            .linger_timeout(Duration::MAX);
        let site = Site::new(server);
        let mut client = site.client();
        for bytes in [post("/", &"x".repeat(100_000)), request("GET", "/")] {
            let (some, rest) = bytes.split_at(30);
            client.send(some);
            client.send(rest);
            assert_eq!(client.answer().text(), "hello");
        }
        client.send("no request\r\n\r\n");
        assert_eq!(client.answer().status, 400);
        drop(client);
        site.handle.shutdown(Duration::MAX);
    });
}
