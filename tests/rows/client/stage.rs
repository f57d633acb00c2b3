//! Servers that do what a test says: a `play` is called with each connection, on a thread of its
//! own, and its connection ends when it returns.

use super::peer::Peer;
use barewire::http::pool::Limits;
use barewire::http::{Agent, Connected, Connector, Origin, RequestOptions};
use barewire::net::{Tcp, pipe_with_capacity};
use std::any::Any;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// A server, and the agent whose sockets lead there.
pub(crate) struct Stage {
    pub(crate) agent: Agent,
    options: RequestOptions,
    cast: Arc<Cast>,
    door: Option<Door>,
}

/// Everybody who plays.
struct Cast {
    play: Box<dyn Fn(Peer) + Send + Sync>,
    players: Mutex<Players>,
}

#[derive(Default)]
struct Players {
    so_far: usize,
    on_stage: Vec<JoinHandle<()>>,
    /// What the first one panicked with who did.
    panic: Option<Box<dyn Any + Send>>,
}

impl Players {
    /// Those who are done leave the stage, or all of them do.
    fn leave(&mut self, all: bool) {
        let done = |player: &mut JoinHandle<()>| all || player.is_finished();
        for player in self.on_stage.extract_if(.., done) {
            if let Err(panic) = player.join() {
                self.panic.get_or_insert(panic);
            }
        }
    }
}

impl Cast {
    fn new(play: impl Fn(Peer) + Send + Sync + 'static) -> Arc<Cast> {
        Arc::new(Cast {
            play: Box::new(play),
            players: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Players> {
        self.players.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: &Arc<Cast>, stream: Arc<dyn barewire::net::Stream>) {
        let cast = Arc::clone(self);
        let mut players = self.lock();
        players.so_far += 1;
        let number = players.so_far;
        players.leave(false);
        players.on_stage.push(thread::spawn(move || {
            (cast.play)(Peer::new(stream, number));
        }));
    }
}

/// Each connection is a pipe with so much room each way: what one end does, the other sees at once.
struct Pipes {
    cast: Arc<Cast>,
    capacity: usize,
    key: String,
}

impl Connector for Pipes {
    fn connect(&self, _to: &Origin, _deadline: Instant) -> io::Result<Connected> {
        let (here, there) = pipe_with_capacity(self.capacity);
        self.cast.enter(Arc::new(there));
        Ok(Connected::new(here))
    }

    fn key(&self) -> Option<&str> {
        Some(&self.key)
    }
}

impl Stage {
    /// Over pipes with room for 64 KiB.
    pub(crate) fn new(play: impl Fn(Peer) + Send + Sync + 'static) -> Stage {
        Stage::with(Limits::default(), 64 * 1024, play)
    }

    /// Over pipes, with the agent's limits and the room of a pipe.
    pub(crate) fn with(
        limits: Limits,
        capacity: usize,
        play: impl Fn(Peer) + Send + Sync + 'static,
    ) -> Stage {
        let cast = Cast::new(play);
        let agent = Agent::new(limits).expect("good limits");
        let pipes = Pipes {
            key: format!("{:p}", Arc::as_ptr(&cast)),
            cast: Arc::clone(&cast),
            capacity,
        };
        let options = RequestOptions::new().create_connection(pipes);
        Stage {
            options: options.agent(&agent),
            agent,
            cast,
            door: None,
        }
    }

    /// Over TCP, where connections can be reset.
    pub(crate) fn over_tcp(play: impl Fn(Peer) + Send + Sync + 'static) -> Stage {
        Stage::over_tcp_with(Limits::default(), play)
    }

    pub(crate) fn over_tcp_with(
        limits: Limits,
        play: impl Fn(Peer) + Send + Sync + 'static,
    ) -> Stage {
        let cast = Cast::new(play);
        let agent = Agent::new(limits).expect("good limits");
        let door = Door::open(Arc::clone(&cast));
        let options = RequestOptions::new().hostname("127.0.0.1").port(door.port);
        Stage {
            options: options.agent(&agent),
            agent,
            cast,
            door: Some(door),
        }
    }

    /// `GET /` to this server, by this agent.
    pub(crate) fn options(&self) -> RequestOptions {
        self.options.clone()
    }

    pub(crate) fn port(&self) -> u16 {
        self.door.as_ref().expect("over TCP").port
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.cast.lock().so_far
    }

    /// Nothing is in use any more, and nobody waits.
    #[track_caller]
    pub(crate) fn is_quiet(&self) {
        let gauges = self.agent.totals();
        assert_eq!((gauges.sockets, gauges.requests), (0, 0), "still busy");
    }

    /// Everybody has left; what a player found wrong fails the test.
    #[track_caller]
    pub(crate) fn end(self) {
        self.is_quiet();
        self.agent.close();
        drop(self.door);
        let mut players = std::mem::take(&mut *self.cast.lock());
        players.leave(true);
        if let Some(panic) = players.panic {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Where TCP connections come in.
struct Door {
    port: u16,
    shut: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl Door {
    fn open(cast: Arc<Cast>) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let shut = Arc::new(AtomicBool::new(false));
        let is_shut = Arc::clone(&shut);
        let keeper = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if is_shut.load(Ordering::SeqCst) {
                    return;
                }
                stream.set_nodelay(true).expect("an option");
                cast.enter(Arc::new(Tcp::from(stream)));
            }
        });
        Door {
            port,
            shut,
            keeper: Some(keeper),
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shut.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port)); // wakes the keeper
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}
