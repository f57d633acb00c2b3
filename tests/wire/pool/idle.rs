//! Idle connections: which one is used, and when they are closed.

use super::scene::{A, B, Scene, connect, reuse, wait};
use barewire::http::pool::{KeepAlive, Limits};
use std::time::Duration;

#[test]
fn row_a06_an_expired_connection_is_not_used_again() {
    let mut scene = Scene::with(5, usize::MAX);
    scene.idle(A, &[1]);
    scene.now += Duration::from_secs(4);
    let _held = connect(scene.request(A, 2));
    assert_eq!(scene.closed, [1]);
}

#[test]
fn row_a06_the_servers_timeout_less_a_margin_limits_the_idle_time() {
    let mut scene = Scene::with(5, usize::MAX);
    let slots: Vec<_> = (1..=3).map(|n| connect(scene.request(A, n))).collect();
    for (slot, (id, seconds)) in slots.into_iter().zip([(1, 3), (2, 60), (3, 1)]) {
        let timeout = Some(Duration::from_secs(seconds));
        let keep_alive = KeepAlive { timeout, max: None };
        assert_eq!(scene.free_with(slot, id, keep_alive), None);
    }
    assert_eq!(scene.closed, [3]); // its idle time is zero
    scene.expire_after(1);
    assert_eq!(scene.closed, [3]);
    scene.expire_after(1);
    assert_eq!(scene.closed, [3, 1]);
    scene.expire_after(2);
    assert_eq!(scene.closed, [3, 1, 2]);
}

#[test]
fn a_granted_connection_that_expires_before_it_is_taken_is_closed() {
    let mut scene = Scene::with(1, usize::MAX);
    let slot = connect(scene.request(A, 1));
    let position = wait(scene.request(A, 2));
    assert_eq!(scene.free(slot, 1), Some(2));
    scene.now += Duration::from_secs(4);
    let _held = connect(scene.take(position));
    assert_eq!(scene.closed, [1]);
}

#[test]
fn the_next_expiry_is_known_and_expires_one_connection() {
    let mut scene = Scene::with(5, usize::MAX);
    assert_eq!(scene.pool.next_expiry(), None);
    let seconds = |n| Duration::from_secs(n);
    let begin = scene.now;
    scene.idle(A, &[1]);
    scene.now += seconds(1);
    scene.idle(B, &[2]);
    assert_eq!(scene.pool.next_expiry(), Some(begin + seconds(4)));
    scene.expire_after(2);
    assert_eq!(scene.closed, []);
    scene.expire_after(1);
    assert_eq!(scene.closed, [1]);
    assert_eq!(scene.pool.next_expiry(), Some(begin + seconds(5)));
    scene.expire_after(60);
    assert_eq!(scene.closed, [1, 2]);
    assert_eq!(scene.pool.origins().count(), 0);
}

#[test]
fn of_too_many_idle_connections_the_oldest_is_closed() {
    let mut scene = Scene::new(Limits {
        max_free_sockets: 2,
        max_total_free_sockets: 3,
        ..Limits::default()
    });
    scene.idle(A, &[1, 2, 3]);
    assert_eq!(scene.closed, [1]);
    scene.idle(B, &[4, 5]);
    assert_eq!(scene.closed, [1, 2]);
    assert_eq!((scene.gauges(A), scene.gauges(B)), ([0, 0, 1], [0, 0, 2]));
}

#[test]
fn with_no_idle_connections_allowed_a_waiting_request_still_gets_it() {
    let mut scene = Scene::new(Limits {
        max_sockets: 1,
        max_free_sockets: 0,
        ..Limits::default()
    });
    let slot = connect(scene.request(A, 1));
    let position = wait(scene.request(A, 2));
    assert_eq!(scene.free(slot, 1), Some(2));
    let slot = reuse(scene.take(position), 1);
    assert_eq!(scene.free(slot, 1), None);
    assert_eq!(scene.closed, [1]);
    assert_eq!(scene.pool.origins().count(), 0);
}

#[test]
fn row_a06_a_dead_connection_is_replaced_in_the_same_slot() {
    let mut scene = Scene::with(2, usize::MAX);
    scene.idle(A, &[1, 2]);
    let slot = reuse(scene.request(A, 3), 2);
    let slot = reuse(scene.retry(slot), 1);
    let _other = connect(scene.request(A, 4));
    let position = wait(scene.request(A, 5));
    let slot = connect(scene.retry(slot));
    assert_eq!(scene.gauges(A), [2, 1, 0]);
    assert_eq!(scene.free(slot, 6), Some(5));
    let _held = reuse(scene.take(position), 6);
}
