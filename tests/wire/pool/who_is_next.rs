//! Which request is next, and what a request that gives up leaves behind.

use super::scene::{A, B, C, Scene, connect, reuse, wait};
use barewire::http::pool::Refused;
use std::time::Duration;

#[test]
fn the_newest_idle_connection_is_used_first() {
    let mut scene = Scene::with(5, usize::MAX);
    scene.idle(A, &[1, 2, 3]);
    let _held = reuse(scene.request(A, 4), 3);
    let _held = reuse(scene.request(A, 5), 2);
}

#[test]
fn a_later_request_does_not_overtake_one_that_is_still_waking_up() {
    let mut scene = Scene::with(1, usize::MAX);
    let slot = connect(scene.request(A, 1));
    let first = wait(scene.request(A, 2));
    assert_eq!(scene.free(slot, 1), Some(2));
    let later = wait(scene.request(A, 3)); // before the first has taken its grant
    let slot = reuse(scene.take(first), 1);
    let later = wait(scene.take(later)); // it may ask, but was granted nothing
    assert_eq!(scene.free(slot, 1), Some(3));
    let _held = reuse(scene.take(later), 1);
}

#[test]
fn the_slot_of_a_broken_connection_goes_to_the_next() {
    let mut scene = Scene::with(1, usize::MAX);
    let slot = connect(scene.request(A, 1));
    let position = wait(scene.request(A, 2));
    assert_eq!(scene.end(slot), Some(2));
    let slot = connect(scene.take(position));
    assert_eq!(scene.end(slot), None);
    assert_eq!(scene.pool.origins().count(), 0);
}

#[test]
fn a_cancelled_position_does_not_hold_up_the_queue() {
    let mut scene = Scene::with(1, usize::MAX);
    let slot = connect(scene.request(A, 1));
    let positions: Vec<_> = (2..=5).map(|n| wait(scene.request(A, n))).collect();
    let [two, three, four, five] = positions.try_into().unwrap();
    assert_eq!((scene.cancel(three), scene.cancel(two)), (None, None));
    assert_eq!(scene.gauges(A), [1, 2, 0]);
    assert_eq!(scene.free(slot, 1), Some(4));
    let slot = reuse(scene.take(four), 1);
    assert_eq!(scene.free(slot, 1), Some(5));
    let _held = reuse(scene.take(five), 1);
}

#[test]
fn a_grant_that_was_cancelled_goes_to_the_next_or_is_idle() {
    let mut scene = Scene::with(1, usize::MAX);
    let slot = connect(scene.request(A, 1));
    let (two, three) = (wait(scene.request(A, 2)), wait(scene.request(A, 3)));
    assert_eq!(scene.free(slot, 1), Some(2));
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
    assert_eq!(scene.free(a, 1), Some(3)); // C: it waits longer than the one of A
    assert_eq!(scene.closed, [1]); // to make room under the total
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
fn a_position_has_the_deadline_of_queue_timeout() {
    let mut scene = Scene::with(1, usize::MAX);
    let _held = connect(scene.request(A, 1));
    let position = wait(scene.request(A, 2));
    assert_eq!(
        position.deadline(),
        Some(scene.now + Duration::from_secs(30))
    );
}

#[test]
fn a_closed_pool_refuses_requests_and_keeps_no_connection() {
    let mut scene = Scene::with(2, usize::MAX);
    scene.idle(B, &[1]);
    let (slot, other) = (connect(scene.request(A, 2)), connect(scene.request(A, 3)));
    let (granted, waiting) = (wait(scene.request(A, 4)), wait(scene.request(A, 5)));
    assert_eq!(scene.free(other, 3), Some(4));
    assert_eq!(scene.pool.close(&mut scene.closed), [5]);
    assert_eq!(scene.closed, [1]);
    assert_eq!(scene.take(waiting).unwrap_err(), Refused::Closed);
    assert_eq!(scene.request(B, 6).unwrap_err(), Refused::Closed);
    let granted = reuse(scene.take(granted), 3); // it was granted before the close
    assert_eq!((scene.free(granted, 3), scene.free(slot, 2)), (None, None));
    assert_eq!(scene.closed, [1, 3, 2]);
    assert_eq!(scene.pool.origins().count(), 0);
}

#[test]
fn a_slot_of_another_pool_is_not_counted_here() {
    let (mut scene, mut other) = (Scene::with(1, usize::MAX), Scene::with(1, usize::MAX));
    let slot = connect(scene.request(A, 1));
    assert_eq!(other.free(slot, 1), None);
    assert_eq!(other.closed, [1]);
    assert_eq!(other.pool.origins().count(), 0);
}
