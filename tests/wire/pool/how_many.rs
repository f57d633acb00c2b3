//! How many connections there may be, and how many requests may wait.

use super::scene::{A, B, C, Origin, Scene, connect, numbers, reuse, wait};
use barewire::http::pool::{Limits, Pool, Refused};

#[test]
fn row_a05_ten_requests_at_once_are_five_in_flight_and_five_waiting() {
    let mut scene = Scene::new(Limits::default());
    let slots: Vec<_> = (1..=5).map(|n| connect(scene.request(A, n))).collect();
    let positions: Vec<_> = (6..=10).map(|n| wait(scene.request(A, n))).collect();
    assert_eq!(scene.gauges(A), [5, 5, 0]);
    for (n, (slot, position)) in (1..).zip(slots.into_iter().zip(positions)) {
        assert_eq!(scene.free(slot, n), Some(n + 5));
        let _held = reuse(scene.take(position), n);
    }
    assert_eq!(scene.gauges(A), [5, 0, 0]);
}

#[test]
fn row_a05_with_max_sockets_10_all_ten_are_in_flight() {
    let mut scene = Scene::with(10, usize::MAX);
    let slots: Vec<_> = (1..=10).map(|n| connect(scene.request(A, n))).collect();
    assert_eq!((scene.gauges(A), slots.len()), ([10, 0, 0], 10));
    let _held = wait(scene.request(A, 11));
}

#[test]
fn erratum_e25_five_is_the_default_here_and_no_limit_can_be_set() {
    assert_eq!(Limits::default().max_sockets, 5);
    let mut scene = Scene::with(usize::MAX, usize::MAX);
    let slots: Vec<_> = (1..=1_000).map(|n| connect(scene.request(A, n))).collect();
    assert_eq!((scene.gauges(A), slots.len()), ([1_000, 0, 0], 1_000));
}

#[test]
fn erratum_e26_gauges_are_numbers_for_an_origin_and_for_all() {
    let mut scene = Scene::with(1, usize::MAX);
    let slot = connect(scene.request(A, 1)); // still being opened, and counted
    let position = wait(scene.request(A, 2));
    scene.idle(B, &[3]);
    assert_eq!(scene.gauges(A), [1, 1, 0]);
    assert_eq!(scene.gauges(B), [0, 0, 1]);
    assert_eq!(scene.gauges(C), [0, 0, 0]);
    assert_eq!(numbers(scene.pool.totals()), [1, 1, 1]);
    assert_eq!(scene.pool.origins().count(), 2);
    assert_eq!(scene.free(slot, 1), Some(2));
    assert_eq!(scene.gauges(A), [1, 0, 0]); // granted: it no longer waits
    let _held = reuse(scene.take(position), 1);
}

#[test]
fn a_limit_of_no_socket_is_refused() {
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
fn to_keep_the_total_the_oldest_idle_connection_of_another_origin_is_closed() {
    let mut scene = Scene::with(5, 3);
    scene.idle(A, &[1]);
    scene.idle(B, &[2, 3]);
    let slot = connect(scene.request(C, 4));
    assert_eq!(scene.closed, [1]);
    let other = connect(scene.request(C, 5));
    assert_eq!(scene.closed, [1, 2]);
    assert_eq!((scene.free(slot, 4), scene.free(other, 5)), (None, None));
    assert_eq!(numbers(scene.pool.totals()), [0, 0, 3]);
}

#[test]
fn a_full_queue_refuses_with_the_number_that_wait() {
    let mut scene = Scene::new(Limits {
        max_sockets: 1,
        max_queued: 2,
        ..Limits::default()
    });
    let slot = connect(scene.request(A, 1));
    let position = wait(scene.request(A, 2));
    let other = wait(scene.request(A, 3));
    let refused = scene.request(A, 4).unwrap_err();
    assert_eq!(refused, Refused::QueueFull(2));
    assert!(refused.to_string().contains("2 requests wait"), "{refused}");
    let _held = connect(scene.request(B, 5)); // this origin has its own queue
    assert_eq!(scene.cancel(position), None);
    let next = wait(scene.request(A, 6));
    assert_eq!(scene.end(slot), Some(3));
    let _held = (connect(scene.take(other)), wait(scene.take(next)));
}
