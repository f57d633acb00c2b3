//! How many connections there may be, and who may wait.

use super::scene::{A, B, C, Origin, Scene, connect, numbers, reuse, wait};
use barewire::http::pool::{Limits, Pool, Refused};

#[test]
fn row_a05_ten_requests_at_once_are_five_in_flight_and_five_waiting() {
    let mut scene = Scene::new(Limits::default());
    let leases: Vec<_> = (1..=5).map(|n| connect(scene.request(A, n))).collect();
    let tickets: Vec<_> = (6..=10).map(|n| wait(scene.request(A, n))).collect();
    assert_eq!(scene.gauges(A), [5, 5, 0]);
    for (n, (lease, ticket)) in (1..).zip(leases.into_iter().zip(tickets)) {
        assert_eq!(scene.free(lease, n), Some(n + 5));
        let _held = reuse(scene.take(ticket), n);
    }
    assert_eq!(scene.gauges(A), [5, 0, 0]);
}

#[test]
fn row_a05_max_sockets_10_lets_all_ten_go() {
    let mut scene = Scene::with(10, usize::MAX);
    let leases: Vec<_> = (1..=10).map(|n| connect(scene.request(A, n))).collect();
    assert_eq!((scene.gauges(A), leases.len()), ([10, 0, 0], 10));
    let _held = wait(scene.request(A, 11));
}

#[test]
fn erratum_e25_five_is_our_choice_and_no_limit_can_be_had() {
    assert_eq!(Limits::default().max_sockets, 5);
    let mut scene = Scene::with(usize::MAX, usize::MAX);
    let leases: Vec<_> = (1..=1_000).map(|n| connect(scene.request(A, n))).collect();
    assert_eq!((scene.gauges(A), leases.len()), ([1_000, 0, 0], 1_000));
}

#[test]
fn erratum_e26_gauges_are_numbers_for_an_origin_and_for_all() {
    let mut scene = Scene::with(1, usize::MAX);
    let lease = connect(scene.request(A, 1)); // still being opened, and counted
    let ticket = wait(scene.request(A, 2));
    scene.idle(B, &[3]);
    assert_eq!(scene.gauges(A), [1, 1, 0]);
    assert_eq!(scene.gauges(B), [0, 0, 1]);
    assert_eq!(scene.gauges(C), [0, 0, 0]);
    assert_eq!(numbers(scene.pool.totals()), [1, 1, 1]);
    assert_eq!(scene.pool.origins().count(), 2);
    assert_eq!(scene.free(lease, 1), Some(2));
    assert_eq!(scene.gauges(A), [1, 0, 0]); // granted: it waits no longer
    let _held = reuse(scene.take(ticket), 1);
}

#[test]
fn no_socket_at_all_is_refused() {
    for (max_sockets, max_total_sockets, named) in [(0, 1, "max_sockets"), (1, 0, "max_total")] {
        let limits = Limits {
            max_sockets,
            max_total_sockets,
            ..Limits::default()
        };
        let refused = Pool::<Origin, u32, u32>::new(limits).unwrap_err();
        assert!(refused.to_string().starts_with(named), "{refused}");
    }
}

#[test]
fn the_total_is_kept_by_closing_the_oldest_idle_one_elsewhere() {
    let mut scene = Scene::with(5, 3);
    scene.idle(A, &[1]);
    scene.idle(B, &[2, 3]);
    let lease = connect(scene.request(C, 4));
    assert_eq!(scene.closed, [1]);
    let other = connect(scene.request(C, 5));
    assert_eq!(scene.closed, [1, 2]);
    assert_eq!((scene.free(lease, 4), scene.free(other, 5)), (None, None));
    assert_eq!(numbers(scene.pool.totals()), [0, 0, 3]);
}

#[test]
fn a_queue_that_is_full_refuses_and_says_so() {
    let mut scene = Scene::new(Limits {
        max_sockets: 1,
        max_queued: 2,
        ..Limits::default()
    });
    let lease = connect(scene.request(A, 1));
    let ticket = wait(scene.request(A, 2));
    let other = wait(scene.request(A, 3));
    let refused = scene.request(A, 4).unwrap_err();
    assert_eq!(refused, Refused::QueueFull(2));
    assert!(refused.to_string().contains("2 requests wait"), "{refused}");
    let _held = connect(scene.request(B, 5)); // its own queue is another
    assert_eq!(scene.cancel(ticket), None);
    let next = wait(scene.request(A, 6));
    assert_eq!(scene.end(lease), Some(3));
    let _held = (connect(scene.take(other)), wait(scene.take(next)));
}
