//! Idle connections: which one is used, and when they go.

use super::scene::{A, B, Scene, connect, reuse, wait};
use barewire::http::pool::{KeepAlive, Limits};
use std::time::Duration;

#[test]
fn row_a06_an_idle_connection_past_its_time_is_not_used_again() {
    let mut scene = Scene::with(5, usize::MAX);
    scene.idle(A, &[1]);
    scene.now += Duration::from_secs(4);
    let _held = connect(scene.request(A, 2));
    assert_eq!(scene.closed, [1]);
}

#[test]
fn row_a06_the_server_may_shorten_its_time_by_a_margin_more() {
    let mut scene = Scene::with(5, usize::MAX);
    let leases: Vec<_> = (1..=3).map(|n| connect(scene.request(A, n))).collect();
    for (lease, (id, seconds)) in leases.into_iter().zip([(1, 3), (2, 60), (3, 1)]) {
        let timeout = Some(Duration::from_secs(seconds));
        let told = KeepAlive { timeout, max: None };
        assert_eq!(scene.free_told(lease, id, told), None);
    }
    assert_eq!(scene.closed, [3]); // for no time at all
    scene.expire_after(1);
    assert_eq!(scene.closed, [3]);
    scene.expire_after(1);
    assert_eq!(scene.closed, [3, 1]);
    scene.expire_after(2);
    assert_eq!(scene.closed, [3, 1, 2]);
}

#[test]
fn what_has_grown_too_old_for_its_waiter_is_closed() {
    let mut scene = Scene::with(1, usize::MAX);
    let lease = connect(scene.request(A, 1));
    let ticket = wait(scene.request(A, 2));
    assert_eq!(scene.free(lease, 1), Some(2));
    scene.now += Duration::from_secs(4);
    let _held = connect(scene.take(ticket));
    assert_eq!(scene.closed, [1]);
}

#[test]
fn the_first_to_expire_is_known_and_goes_alone() {
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
fn too_many_idle_ones_cost_the_oldest() {
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
fn none_is_kept_where_none_may_be_but_one_who_waits_gets_it() {
    let mut scene = Scene::new(Limits {
        max_sockets: 1,
        max_free_sockets: 0,
        ..Limits::default()
    });
    let lease = connect(scene.request(A, 1));
    let ticket = wait(scene.request(A, 2));
    assert_eq!(scene.free(lease, 1), Some(2));
    let lease = reuse(scene.take(ticket), 1);
    assert_eq!(scene.free(lease, 1), None);
    assert_eq!(scene.closed, [1]);
    assert_eq!(scene.pool.origins().count(), 0);
}

#[test]
fn row_a06_a_dead_one_is_replaced_without_going_to_the_back_of_the_queue() {
    let mut scene = Scene::with(2, usize::MAX);
    scene.idle(A, &[1, 2]);
    let lease = reuse(scene.request(A, 3), 2);
    let lease = reuse(scene.retry(lease), 1);
    let _other = connect(scene.request(A, 4));
    let ticket = wait(scene.request(A, 5));
    let lease = connect(scene.retry(lease));
    assert_eq!(scene.gauges(A), [2, 1, 0]);
    assert_eq!(scene.free(lease, 6), Some(5));
    let _held = reuse(scene.take(ticket), 6);
}
