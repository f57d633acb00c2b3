//! All orders of a world's steps, and what must hold at the end of each.

use super::Act::{self, Broadcast, Close, Parts, Ping, Send, SendLong, Terminate, TrySend};
use super::{ALL, World};
use crate::websocket::wire::{Header, Opcode, Role};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The roles, and whether they mask.
const ROLES: [(Role, bool); 2] = [(Role::Server, false), (Role::Client, true)];

/// The frames that have left, and the bytes of a last one that is cut. Each frame is judged: its opcode may
/// follow the frames before it, and its payload is from one sender.
pub(super) fn frames(mut wire: &[u8], masks: bool) -> (Vec<(Opcode, u8)>, &[u8]) {
    let mut frames = Vec::new();
    let mut in_message = false;
    while let Some((header, n)) = Header::decode(wire).expect("a header") {
        let end = n + header.length as usize;
        let Some(payload) = wire.get(n..end) else {
            break;
        };
        assert_eq!(header.key.is_some(), masks);
        assert!(
            payload.windows(2).all(|two| two[0] == two[1]),
            "{payload:?}"
        );
        assert!(!frames.iter().any(|(opcode, _)| *opcode == Opcode::Close));
        if !header.opcode.is_control() {
            assert_eq!(
                header.opcode == Opcode::Continuation,
                in_message,
                "{wire:?}"
            );
            in_message = !header.fin;
        }
        frames.push((header.opcode, payload.first().copied().unwrap_or(0)));
        wire = &wire[end..];
    }
    (frames, wire)
}

/// Tries every order; returns the number of different states, and all sequences of frames that have left.
fn explore(first: World) -> (usize, HashSet<Vec<(Opcode, u8)>>) {
    let mut seen = HashSet::new();
    let mut ends = HashSet::new();
    let mut open = vec![first];
    while let Some(world) = open.pop() {
        let mut is_end = true;
        for thread in (0..world.threads.len()).filter(|thread| world.can_run(*thread)) {
            is_end = false;
            for outcome in world.outcomes(thread) {
                let mut next = world.clone();
                next.run(thread, outcome);
                if seen.insert(fingerprint(&next)) {
                    open.push(next);
                }
            }
        }
        if is_end {
            world.check();
            ends.insert(frames(&world.wire, world.masks).0);
        }
    }
    (seen.len(), ends)
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{world:?}").hash(&mut hasher);
    hasher.finish()
}

/// In each order, every message of `wanted` has left.
fn all_leave(threads: &[&[Act]], wanted: &[u8]) {
    all_leave_in_writes_of(ALL, threads, wanted);
}

fn all_leave_in_writes_of(most: usize, threads: &[&[Act]], wanted: &[u8]) {
    for role in ROLES {
        let mut world = World::new(role, threads);
        world.most = most;
        let (states, ends) = explore(world);
        for end in &ends {
            let data = |n: u8| {
                end.iter()
                    .any(|(opcode, m)| !opcode.is_control() && *m == n)
            };
            assert!(wanted.iter().all(|n| data(*n)), "{end:?}");
        }
        assert!(states > threads.len(), "{states} states");
    }
}

#[test]
fn fault_a00_a_pong_stands_between_frames() {
    all_leave(&[&[SendLong(1)], &[SendLong(2)], &[Ping(3)]], &[1, 2]);
    all_leave(&[&[SendLong(1), Send(2)], &[Ping(3), Ping(4)]], &[1, 2]);
}

/// More is queued before the header of a long message than one write is offered: its payload follows the header
/// all the same.
#[test]
fn fault_a00_a_payload_follows_its_header_where_writes_are_cut() {
    for most in 1..=4 {
        let threads: [&[Act]; 3] = [&[SendLong(1)], &[SendLong(2)], &[TrySend(3)]];
        all_leave_in_writes_of(most, &threads, &[1, 2, 3]);
    }
    all_leave_in_writes_of(3, &[&[Parts(1)], &[Broadcast(2)], &[Ping(3)]], &[1, 2]);
}

#[test]
fn fault_a02_a_thread_that_must_not_wait_never_does() {
    all_leave(
        &[&[TrySend(1), TrySend(2)], &[SendLong(3)], &[Ping(4)]],
        &[3],
    );
    all_leave(
        &[&[Broadcast(1)], &[Send(2)], &[Ping(3), TrySend(4)]],
        &[1, 2],
    );
}

#[test]
fn fault_a05_a_broadcast_leaves_behind_a_message_in_parts() {
    all_leave(&[&[Parts(1)], &[Broadcast(2)], &[Ping(3)]], &[1, 2]);
    all_leave(&[&[Parts(1)], &[SendLong(2)]], &[1, 2]);
    all_leave(&[&[Parts(1)], &[Send(2), Broadcast(3)]], &[1, 2, 3]);
}

#[test]
fn two_writers_small_and_large_keep_their_order() {
    for role in ROLES {
        let (_, ends) = explore(World::new(
            role,
            &[&[SendLong(1), Send(2)], &[Send(3), SendLong(4)]],
        ));
        for end in ends {
            let position = |n| end.iter().position(|(_, m)| *m == n).expect("it has left");
            assert!(
                position(1) < position(2) && position(3) < position(4),
                "{end:?}"
            );
        }
    }
}

#[test]
fn nothing_follows_a_close() {
    for role in ROLES {
        for other in [Send(1), SendLong(1), Parts(1), Broadcast(1)] {
            let (_, ends) = explore(World::new(role, &[&[other], &[Close], &[Ping(2)]]));
            assert!(
                ends.iter()
                    .all(|end| end.iter().any(|(opcode, _)| *opcode == Opcode::Close))
            );
        }
    }
}

#[test]
fn a_stream_that_fails_wakes_every_thread() {
    for threads in [
        &[&[SendLong(1)][..], &[Send(2)], &[Ping(3)]][..],
        &[&[Parts(1)], &[Send(2)], &[TrySend(3)]],
    ] {
        let mut world = World::new(ROLES[0], threads);
        world.may_fail = true;
        explore(world);
    }
}

/// Another thread cuts the connection at any moment: no thread sleeps for ever, and none keeps the write turn.
#[test]
fn a_connection_that_is_terminated_wakes_every_thread() {
    for threads in [
        &[&[SendLong(1)][..], &[Send(2)], &[Terminate]][..],
        &[&[Parts(1)], &[SendLong(2)], &[Terminate]],
        &[&[Parts(1)], &[Broadcast(2), Ping(3)], &[Terminate]],
        &[&[TrySend(1)], &[Send(2), Close], &[Terminate]],
        &[&[SendLong(1)], &[Close], &[Terminate, Terminate]],
    ] {
        for role in ROLES {
            explore(World::new(role, threads));
        }
    }
    let mut world = World::new(ROLES[0], &[&[TrySend(1)], &[Ping(2)], &[Terminate]]);
    world.threads_available = false;
    explore(world);
}

#[test]
fn without_a_flush_thread_nothing_is_lost_either() {
    let mut world = World::new(ROLES[0], &[&[TrySend(1)], &[Ping(2)], &[Broadcast(3)]]);
    world.threads_available = false;
    explore(world);
}
