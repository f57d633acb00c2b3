//! All orders of the moves of a few clients, with all their choices: what random steps may never try.

use super::world::World;
use barewire::http::pool::{KeepAlive, Limits};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// One path through a tree of choices. Afterwards [`next`](Self::next) is the path beside it.
#[derive(Default)]
struct Path {
    /// Each choice, and how many there were.
    chosen: Vec<(usize, usize)>,
    at: usize,
}

impl Path {
    fn choose(&mut self, of: usize) -> usize {
        if self.at == self.chosen.len() {
            self.chosen.push((0, of));
        }
        self.at += 1;
        self.chosen[self.at - 1].0
    }

    /// `false`: there is no further path.
    fn next(&mut self) -> bool {
        self.at = 0;
        while let Some((choice, of)) = self.chosen.pop() {
            if choice + 1 < of {
                self.chosen.push((choice + 1, of));
                return true;
            }
        }
        false
    }
}

/// A client that sends requests to an origin, one after another.
#[derive(Clone, Copy)]
struct Client {
    origin: usize,
    left: usize,
    request: Option<usize>,
}

#[derive(Clone, Copy)]
enum Move {
    Request,
    Take,
    Cancel,
    Free,
    End,
    Retry,
}

impl Client {
    fn moves(&self, world: &World, retries: bool) -> &'static [Move] {
        match self.request {
            None if self.left > 0 => &[Move::Request],
            Some(request) if world.queued().contains(&request) => {
                if world.is_granted(request) {
                    &[Move::Take, Move::Cancel]
                } else {
                    &[Move::Cancel]
                }
            }
            Some(request) if world.with_slot().contains(&request) => {
                if retries {
                    &[Move::Free, Move::End, Move::Retry]
                } else {
                    &[Move::Free, Move::End]
                }
            }
            _ => &[],
        }
    }

    fn go(&mut self, it: Move, world: &mut World) {
        let request = self.request.unwrap_or_default();
        match it {
            Move::Request => {
                self.left -= 1;
                self.request = Some(world.request(self.origin));
            }
            Move::Take => world.take(request),
            Move::Cancel => world.cancel(request),
            Move::Free => world.free(request, KeepAlive::default()),
            Move::End => world.end(request),
            Move::Retry => world.retry(request),
        }
        let holds = [world.with_slot(), world.queued()].concat();
        self.request = self.request.filter(|request| holds.contains(request));
    }
}

/// One order of moves, until no client has any.
fn walk(world: &mut World, clients: &mut [Client], path: &mut Path, mut retries: usize) {
    loop {
        let moves = clients.iter().enumerate().flat_map(|(at, client)| {
            let moves = client.moves(world, retries > 0).iter();
            moves.map(move |it| (at, *it))
        });
        let moves: Vec<_> = moves.collect();
        if moves.is_empty() {
            return world.check_end();
        }
        let (client, it) = moves[path.choose(moves.len())];
        retries -= usize::from(matches!(it, Move::Retry));
        clients[client].go(it, world);
    }
}

/// Walks every order, and returns how many there are. A client: its origin, and the number of requests.
fn explore(clients: &[(usize, usize)], retries: usize, limits: Limits) -> usize {
    let (mut path, mut walks) = (Path::default(), 0);
    loop {
        walks += 1;
        let mut world = World::new(limits);
        let clients = clients.iter().map(|&(origin, left)| Client {
            origin,
            left,
            request: None,
        });
        let mut clients: Vec<Client> = clients.collect();
        let all = AssertUnwindSafe(|| walk(&mut world, &mut clients, &mut path, retries));
        if let Err(panic) = catch_unwind(all) {
            println!("{limits:?}, and these moves:\n{}", world.log());
            resume_unwind(panic);
        }
        if !path.next() {
            return walks;
        }
    }
}

const NO: usize = usize::MAX;

fn limits(max_sockets: usize, max_total_sockets: usize) -> Limits {
    Limits {
        max_sockets,
        max_total_sockets,
        ..Limits::default()
    }
}

#[test]
fn three_clients_of_three_origins_have_720_orders() {
    // Two moves each: 6! / 2!³ orders of them; and each of the three may free or end.
    let apart = [(0, 1), (1, 1), (2, 1)];
    assert_eq!(explore(&apart, 0, limits(1, NO)), 720);
}

#[test]
fn three_clients_and_a_socket_that_may_be_dead() {
    for clients in [[(0, 1), (0, 1), (0, 1)], [(0, 1), (0, 1), (1, 1)]] {
        for (max_sockets, max_total) in [(1, NO), (2, NO), (1, 1), (2, 2), (1, 2)] {
            let walks = explore(&clients, 1, limits(max_sockets, max_total));
            assert!(walks > 4_000, "{walks} orders are not all");
        }
    }
}

fn four_clients(max_sockets: usize, max_total: usize) {
    let clients = [(0, 1), (0, 1), (1, 1), (1, 1)];
    let walks = explore(&clients, 0, limits(max_sockets, max_total));
    assert!(walks > 40_000, "{walks} orders are not all");
}

#[test]
#[ignore = "takes 3 s unoptimized; .ci/run runs it"]
fn four_clients_of_two_origins() {
    four_clients(1, 1);
}

#[test]
#[ignore = "takes 6 s unoptimized; .ci/run runs it"]
fn four_clients_of_two_origins_under_other_limits() {
    four_clients(1, NO);
    four_clients(2, 2);
}

const TOTALS: [(usize, usize); 3] = [(1, NO), (2, 1), (2, 2)];

fn two_clients(totals: &[(usize, usize)], max_free_sockets: usize, max_queued: usize) {
    for &(max_sockets, max_total) in totals {
        for origin in [0, 1] {
            let limits = Limits {
                max_free_sockets,
                max_queued,
                ..limits(max_sockets, max_total)
            };
            explore(&[(0, 2), (origin, 2)], 1, limits);
        }
    }
}

#[test]
fn two_clients_with_two_requests_each_may_reuse_their_connections() {
    two_clients(&TOTALS[..1], 1, 1_000);
}

#[test]
#[ignore = "takes 6 s unoptimized; .ci/run runs it"]
fn two_clients_with_two_requests_each_under_other_limits() {
    two_clients(&TOTALS[1..], 1, 1_000);
    two_clients(&TOTALS, 0, 1_000);
    two_clients(&TOTALS, 256, 0);
}
