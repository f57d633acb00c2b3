//! The clock's checks, made by the test.

use super::delayed::MAX_DOUBLINGS;
use super::*;
use crate::net::{INTERVAL, Pipe, pipe_with_capacity};

const CAPACITY: usize = 100;

fn queue() -> (Arc<ResponseQueue>, Pipe) {
    let (here, there) = pipe_with_capacity(CAPACITY);
    let config = Config::default();
    let queue = Arc::new(ResponseQueue::new(Arc::new(here), &config));
    // The tests check themselves: the clock must not.
    queue.lock().delayed_flush.left_pending();
    (queue, there)
}

fn append(queue: &Arc<ResponseQueue>, bytes: usize, then: Then) {
    let appended = queue.append(bytes, |out| {
        out.resize(out.len() + bytes, b'x');
        Ok(((), then))
    });
    appended.unwrap();
}

fn arrived(there: &Pipe) -> usize {
    let read = there.try_read(&mut [0; 2 * CAPACITY]).unwrap();
    read.unwrap_or(0)
}

#[test]
fn fault_a04_what_is_sent_at_once_is_never_checked() {
    let (here, there) = pipe_with_capacity(CAPACITY);
    let queue = Arc::new(ResponseQueue::new(Arc::new(here), &Config::default()));
    append(&queue, 10, Then::Send);
    append(&queue, 10, Then::SendNext);
    queue.send(b"data", b"").unwrap();
    assert_eq!(arrived(&there), 24);
    assert!(queue.lock().delayed_flush.left_pending(), "not scheduled");
}

#[test]
fn a_thread_that_has_sent_all_takes_no_lock_before_it_waits_for_a_request() {
    let (queue, there) = queue();
    append(&queue, 10, Then::SendLast);
    let locked = queue.lock();
    let kept = queue.flush_and_kept_bytes().unwrap();
    assert_eq!(kept, locked.bytes.capacity());
    drop(locked);
    append(&queue, 10, Then::Coalesce);
    queue.flush_and_kept_bytes().unwrap();
    assert_eq!(arrived(&there), 20);
}

#[test]
fn a_response_that_waits_for_the_next_is_sent_at_the_second_check() {
    let (queue, there) = queue();
    append(&queue, 10, Then::Coalesce);
    assert!(queue.check());
    assert_eq!(arrived(&there), 0);
    append(&queue, 10, Then::Coalesce);
    assert!(queue.check());
    assert_eq!(arrived(&there), 0, "its thread goes on");
    assert!(queue.check());
    assert_eq!(arrived(&there), 20);
}

#[test]
fn fault_a04_a_full_socket_is_checked_more_and_more_rarely() {
    let (queue, there) = queue();
    append(&queue, CAPACITY + 50, Then::Coalesce);
    queue.check();
    queue.check();
    assert_eq!(queue.check_interval(), INTERVAL, "some of it has left");
    let mut before = INTERVAL;
    for _ in 0..MAX_DOUBLINGS + 5 {
        assert!(queue.check());
        let interval = queue.check_interval();
        assert_eq!(interval, (2 * before).min(INTERVAL * (1 << MAX_DOUBLINGS)));
        before = interval;
    }
    assert_eq!(arrived(&there), CAPACITY);
    assert!(queue.check());
    assert_eq!((arrived(&there), queue.check_interval()), (50, INTERVAL));
}

#[test]
fn fault_a04_a_check_does_not_wait_for_a_thread_that_sends() {
    let (queue, there) = queue();
    append(&queue, 10, Then::Coalesce);
    let sends = queue.lock();
    for _ in 0..3 {
        assert!(queue.check());
    }
    assert_eq!(queue.check_interval(), INTERVAL * 8);
    drop(sends);
    queue.check();
    queue.check();
    assert_eq!((arrived(&there), queue.check_interval()), (10, INTERVAL));
}

#[test]
fn a_stream_that_was_handed_over_is_left_alone() {
    let (queue, there) = queue();
    append(&queue, 10, Then::Coalesce);
    queue.hand_over(101);
    while queue.check() {}
    assert_eq!(arrived(&there), 0);
}

#[test]
fn a_broken_stream_is_reported_to_its_thread() {
    let (queue, there) = queue();
    append(&queue, 10, Then::Coalesce);
    drop(there);
    queue.check();
    queue.check();
    assert!(queue.flush().is_err());
    while queue.check() {}
}
