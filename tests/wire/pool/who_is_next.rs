//! Who is next, and what happens to those who leave.

use super::scene::{A, B, C, Scene, connect, reuse, wait};
use barewire::http::pool::Refused;
use std::time::Duration;

#[test]
fn the_newest_idle_one_is_used_first() {
    let mut scene = Scene::with(5, usize::MAX);
    scene.idle(A, &[1, 2, 3]);
    let _held = reuse(scene.request(A, 4), 3);
    let _held = reuse(scene.request(A, 5), 2);
}

#[test]
fn a_newcomer_does_not_overtake_one_who_is_still_waking_up() {
    let mut scene = Scene::with(1, usize::MAX);
    let lease = connect(scene.request(A, 1));
    let first = wait(scene.request(A, 2));
    assert_eq!(scene.free(lease, 1), Some(2));
    let newcomer = wait(scene.request(A, 3)); // before the other has looked
    let lease = reuse(scene.take(first), 1);
    let newcomer = wait(scene.take(newcomer)); // awake, but it is not its turn
    assert_eq!(scene.free(lease, 1), Some(3));
    let _held = reuse(scene.take(newcomer), 1);
}

#[test]
fn a_broken_connection_leaves_its_place() {
    let mut scene = Scene::with(1, usize::MAX);
    let lease = connect(scene.request(A, 1));
    let ticket = wait(scene.request(A, 2));
    assert_eq!(scene.end(lease), Some(2));
    let lease = connect(scene.take(ticket));
    assert_eq!(scene.end(lease), None);
    assert_eq!(scene.pool.origins().count(), 0);
}

#[test]
fn whoever_leaves_the_queue_does_not_hold_it_up() {
    let mut scene = Scene::with(1, usize::MAX);
    let lease = connect(scene.request(A, 1));
    let tickets: Vec<_> = (2..=5).map(|n| wait(scene.request(A, n))).collect();
    let [two, three, four, five] = tickets.try_into().unwrap();
    assert_eq!((scene.cancel(three), scene.cancel(two)), (None, None));
    assert_eq!(scene.gauges(A), [1, 2, 0]);
    assert_eq!(scene.free(lease, 1), Some(4));
    let lease = reuse(scene.take(four), 1);
    assert_eq!(scene.free(lease, 1), Some(5));
    let _held = reuse(scene.take(five), 1);
}

#[test]
fn what_was_granted_to_one_who_left_goes_to_the_next_or_back() {
    let mut scene = Scene::with(1, usize::MAX);
    let lease = connect(scene.request(A, 1));
    let (two, three) = (wait(scene.request(A, 2)), wait(scene.request(A, 3)));
    assert_eq!(scene.free(lease, 1), Some(2));
    assert_eq!(scene.cancel(two), Some(3));
    assert_eq!(scene.cancel(three), None);
    assert_eq!((scene.gauges(A), scene.closed.len()), ([0, 0, 1], 0));
    let _held = reuse(scene.request(A, 4), 1);
}

#[test]
fn under_the_total_the_oldest_of_all_origins_is_next() {
    let mut scene = Scene::with(5, 2);
    let a = connect(scene.request(A, 1));
    let b = connect(scene.request(B, 2));
    let first = wait(scene.request(C, 3));
    let second = wait(scene.request(A, 4));
    assert_eq!(scene.free(a, 1), Some(3)); // not its own: the other came first
    assert_eq!(scene.closed, [1]); // whose place was needed
    let _held = connect(scene.take(first));
    assert_eq!(scene.end(b), Some(4));
    let _held = connect(scene.take(second));
}

#[test]
fn a_full_origin_does_not_hold_up_the_others() {
    let mut scene = Scene::with(1, 2);
    let a = connect(scene.request(A, 1));
    let of_a = wait(scene.request(A, 2)); // the oldest, but its origin is full
    let b = connect(scene.request(B, 3));
    let of_c = wait(scene.request(C, 4));
    assert_eq!(scene.free(b, 3), Some(4));
    assert_eq!(scene.free(a, 1), Some(2));
    let _held = (reuse(scene.take(of_a), 1), connect(scene.take(of_c)));
}

#[test]
fn a_ticket_knows_when_to_give_up() {
    let mut scene = Scene::with(1, usize::MAX);
    let _held = connect(scene.request(A, 1));
    let ticket = wait(scene.request(A, 2));
    assert_eq!(ticket.deadline(), Some(scene.now + Duration::from_secs(30)));
}

#[test]
fn a_pool_that_was_closed_refuses_all_and_keeps_nothing() {
    let mut scene = Scene::with(2, usize::MAX);
    scene.idle(B, &[1]);
    let (lease, other) = (connect(scene.request(A, 2)), connect(scene.request(A, 3)));
    let (granted, waiting) = (wait(scene.request(A, 4)), wait(scene.request(A, 5)));
    assert_eq!(scene.free(other, 3), Some(4));
    assert_eq!(scene.pool.close(&mut scene.closed), [5]);
    assert_eq!(scene.closed, [1]);
    assert_eq!(scene.take(waiting).unwrap_err(), Refused::Closed);
    assert_eq!(scene.request(B, 6).unwrap_err(), Refused::Closed);
    let granted = reuse(scene.take(granted), 3); // it had been given before
    assert_eq!((scene.free(granted, 3), scene.free(lease, 2)), (None, None));
    assert_eq!(scene.closed, [1, 3, 2]);
    assert_eq!(scene.pool.origins().count(), 0);
}

#[test]
fn a_lease_of_another_pool_is_no_lease_here() {
    let (mut scene, mut other) = (Scene::with(1, usize::MAX), Scene::with(1, usize::MAX));
    let lease = connect(scene.request(A, 1));
    assert_eq!(other.free(lease, 1), None);
    assert_eq!(other.closed, [1]);
    assert_eq!(other.pool.origins().count(), 0);
}
