//! The notes' events of a cluster and of its child processes.

use super::child::Child;
use crate::net::Addr;
use std::io;

/// The notes' events, in the parent.
///
/// | event of the notes | method | called when |
/// |---|---|---|
/// | `setup` | [`setup`](Events::setup) | the address is bound, and no worker is started yet |
/// | `fork` | [`fork`](Events::fork) | the process of a worker was started |
/// | `online` | [`online`](Events::online) | it has called [`worker`](super::worker()) |
/// | `listening` | [`listening`](Events::listening) | it accepts connections ([`Worker::serve`](super::Worker::serve)) |
/// | `message` | [`message`](Events::message) | it has sent a message |
/// | `disconnect` | [`disconnect`](Events::disconnect) | no message comes from it any more |
/// | `exit` | [`exit`](Events::exit) | its process has ended |
/// | `close` | [`close`](Events::close) | its output has ended, too |
/// | `error` | [`error`](Events::error) | it cannot be started, or not be sent to; or the cluster gives up |
///
/// `error` of a text that cannot be sent comes on the thread that sends it, at any time.
///
/// For one worker they come in the order of this table (`message` between `fork` and `disconnect`, as often as there
/// are messages), on a thread of the parent that this worker alone has. A method that waits holds up the reports of
/// this worker and its end at its deadline, and no other worker, except that under
/// [round robin](super::Master::round_robin) it holds up the turn. A panic ends nothing but that call.
///
/// ```
/// use barewire::cluster::{Child, Events};
/// use barewire::net::Addr;
///
/// /// Prints the life of each worker.
/// struct Life;
///
/// impl Events for Life {
///     fn listening(&self, child: &Child, address: &Addr) {
///         println!("worker {} (process {}) listens on {address}", child.id(), child.pid());
///     }
///
///     fn exit(&self, child: &Child, code: Option<i32>, signal: Option<i32>) {
///         println!("worker {} ended: code {code:?}, signal {signal:?}", child.id());
///     }
/// }
/// # let master = barewire::cluster::setup_master_with(Life);
/// ```
pub trait Events: Send + Sync + 'static {
    /// The address is bound. Port 0 has become a real one.
    fn setup(&self, _address: &Addr) {}

    /// The process was started.
    fn fork(&self, _child: &Child) {}

    /// The worker runs and has found its control stream.
    fn online(&self, _child: &Child) {}

    /// The worker accepts connections.
    fn listening(&self, _child: &Child, _address: &Addr) {}

    /// The worker has sent a text, to the parent alone or to all.
    fn message(&self, _child: &Child, _text: &str) {}

    /// The control stream has ended: by the worker's end, or because it has closed its standard output.
    fn disconnect(&self, _child: &Child) {}

    /// The process has ended, with a code or by a signal.
    fn exit(&self, _child: &Child, _code: Option<i32>, _signal: Option<i32>) {}

    /// The process and its output have ended.
    fn close(&self, _child: &Child, _code: Option<i32>, _signal: Option<i32>) {}

    /// Without a child: a worker could not be started, or the cluster gives up (the error's kind is
    /// [`Other`](io::ErrorKind::Other), and [`Cluster::wait`](super::Cluster::wait) returns it, too). With one: it could
    /// not be sent to, or it has written a control line that is none.
    fn error(&self, _child: Option<&Child>, _error: &io::Error) {}
}

/// No event matters.
impl Events for () {}
