//! `agent_demo`: the order of things, whatever the time.

use super::stage::run;
use crate::support::watched;

/// The number, whether it waited, and the text behind the bar.
fn row(line: &str) -> (u32, bool, String) {
    let (start, bar) = line.split_at("request   1  ".len());
    let number = start["request".len()..].trim().parse().unwrap();
    let says = bar.trim_start_matches([' ', '·', '█']);
    let drawn: String = bar[..bar.len() - says.len()].split_whitespace().collect();
    let waited = drawn.trim_end_matches('█');
    assert!(
        drawn.ends_with('█') && waited.chars().all(|c| c == '·'),
        "{line}"
    );
    (number, !waited.is_empty(), says.to_owned())
}

fn shape(args: &[&str]) -> (Vec<String>, Vec<(u32, bool, String)>, String) {
    let ran = run("agent_demo", args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let mut lines = ran.out.lines();
    let gauges = lines.by_ref().take(3).map(str::to_owned).collect();
    let rows = lines.by_ref().filter(|line| line.starts_with("request "));
    let mut rows: Vec<&str> = rows.collect();
    assert!(rows.iter().all(|row| row.contains("socket")));
    let rows = rows.drain(..).map(row).collect();
    let last = ran.out.lines().last().unwrap().to_owned();
    (gauges, rows, last)
}

#[test]
fn row_a05_five_requests_have_sockets_and_five_wait() {
    watched(|| {
        let (gauges, rows, last) = shape(&["--ms", "20"]);
        let said = [
            "before   sockets 0   requests 0   free 0",
            "during   sockets 5   requests 5   free 0",
            "after    sockets 0   requests 0   free 5",
        ];
        assert_eq!(gauges, said);
        for (at, (number, waited, says)) in (1..).zip(&rows) {
            assert_eq!((*number, *waited), (at, at > 5));
            let socket = (at - 1) % 5 + 1;
            match at {
                1..=5 => assert_eq!(*says, format!("socket {socket}")),
                _ => assert_eq!(*says, format!("socket {socket}, after request {}", at - 5)),
            }
        }
        assert_eq!(
            (rows.len(), last.as_str()),
            (10, "10 requests, 5 connections")
        );
    });
}

#[test]
fn row_a05_with_max_sockets_10_no_request_waits() {
    watched(|| {
        let (gauges, rows, last) = shape(&["--sockets", "10", "--ms", "20"]);
        assert_eq!(gauges[1], "during   sockets 10   requests 0   free 0");
        assert!(rows.iter().all(|(_, waited, _)| !waited));
        assert_eq!(last, "10 requests, 10 connections");
    });
}

#[test]
fn mistakes_in_the_options() {
    for args in [
        &["--sockets"][..],
        &["--sockets", "0"],
        &["--ms", "soon"],
        &["10"],
    ] {
        let ran = run("agent_demo", args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.contains("\nusage: agent_demo "), "{}", ran.err);
    }
    assert!(
        run("agent_demo", &["-h"])
            .out
            .starts_with("usage: agent_demo ")
    );
}
