//! What the rows share: clusters that end with their test, events that are written into a log, and a worker.
//!
//! The worker is this test program itself: `env` runs it with one test, which is [`worker_process`], and that serves.
//! What it does when it gets a message is said there.

use crate::support::{Client, Log, PATIENCE, request};
use barewire::cluster::{self, Child, Cluster, Events, Master, Worker};
use barewire::http;
use barewire::net::Addr;
use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;
use std::ops::Deref;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// A cluster that is shut down at the end of its test, and what has happened in it.
pub(crate) struct Up {
    cluster: Cluster,
    pub(crate) log: Log,
}

impl Up {
    pub(crate) fn new(settings: impl FnOnce(Master) -> Master) -> Up {
        Up::at("127.0.0.1:0", settings)
    }

    /// With the worker of this file, unless the settings have another.
    pub(crate) fn at(address: &str, settings: impl FnOnce(Master) -> Master) -> Up {
        let log = Log::default();
        let master = cluster::setup_master_with(Recorded(log.clone()));
        let this = std::env::current_exe().expect("a program");
        let this = this.to_str().expect("text");
        let test = "cluster::stage::worker_process";
        let master = master
            .workers(2)
            .exec("env", [this, "--exact", test, "--nocapture"]);
        let cluster = settings(master).listen(address).expect("an address");
        Up { cluster, log }
    }

    /// Waits for the first workers.
    pub(crate) fn listening(self, workers: usize) -> Up {
        assert!(
            self.wait_listening_within(workers, PATIENCE),
            "{:?}",
            self.log.all()
        );
        self
    }

    pub(crate) fn get(&self, target: &str) -> String {
        get(&self.local_addr(), target)
    }

    /// The worker with this number.
    pub(crate) fn child(&self, id: u64) -> Child {
        let all = self.children().into_iter();
        all.into_iter()
            .find(|child| child.id() == id)
            .expect("it is alive")
    }
}

impl Deref for Up {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.cluster.shutdown(Duration::ZERO);
    }
}

/// One request on a connection of its own.
pub(crate) fn get(address: &Addr, target: &str) -> String {
    let mut client = Client::connect(address);
    client.send(request("GET", target));
    client.answer().text().trim_end().to_owned()
}

/// Every event, as a line: `1 fork`, `1 exit code 0`.
struct Recorded(Log);

impl Recorded {
    fn note(&self, child: &Child, event: &str) {
        self.0.note(format!("{} {event}", child.id()));
    }
}

impl Events for Recorded {
    fn setup(&self, _address: &Addr) {
        self.0.note("setup");
    }

    fn fork(&self, child: &Child) {
        self.note(child, "fork");
    }

    fn online(&self, child: &Child) {
        self.note(child, "online");
    }

    fn listening(&self, child: &Child, _address: &Addr) {
        self.note(child, "listening");
    }

    fn message(&self, child: &Child, text: &str) {
        self.note(child, &format!("message {text}"));
    }

    fn disconnect(&self, child: &Child) {
        self.note(child, "disconnect");
    }

    fn exit(&self, child: &Child, code: Option<i32>, signal: Option<i32>) {
        self.note(child, &format!("exit {}", ended(code, signal)));
    }

    fn close(&self, child: &Child, code: Option<i32>, signal: Option<i32>) {
        self.note(child, &format!("close {}", ended(code, signal)));
    }

    fn error(&self, child: Option<&Child>, error: &io::Error) {
        match child {
            Some(child) => self.note(child, &format!("error {error}")),
            None => self.0.note(format!("error {error}")),
        }
    }
}

fn ended(code: Option<i32>, signal: Option<i32>) -> String {
    match (code, signal) {
        (Some(code), None) => format!("code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        other => format!("{other:?}"),
    }
}

/// No test by itself: the process of a worker.
#[test]
fn worker_process() {
    if let Some(worker) = cluster::worker() {
        serve(&worker).expect("a worker");
        process::exit(0); // without the report of the test
    }
}

/// The variable of a worker that dies as soon as it serves.
pub(crate) const DIES: &str = "BAREWIRE_TEST_DIES";

fn serve(worker: &Worker) -> io::Result<()> {
    let itself = worker.clone();
    worker.on_message(move |text| obey(&itself, text).expect("a parent"));
    let server = http::create_server(|mut req, res| match req.method() {
        "POST" => {
            let body = req.collect()?;
            res.end(body)
        }
        _ => res.end(process::id().to_string()),
    });
    let handle = server.listen_on(worker.listener()?)?;
    if std::env::var_os(DIES).is_some() {
        let served = worker.clone();
        thread::spawn(move || served.serve(&handle));
        thread::sleep(Duration::from_millis(100)); // it has said that it listens
        process::exit(7);
    }
    worker.serve(&handle);
    Ok(())
}

fn obey(worker: &Worker, text: &str) -> io::Result<()> {
    match text.split_once(' ').unwrap_or((text, "")) {
        ("send", text) => worker.send(text),
        ("notify", text) => worker.notify(text),
        ("print", text) => {
            print!("{text}");
            io::stdout().flush()
        }
        ("nonsense", _) => {
            let mut out = io::stdout();
            out.write_all(b"\xfenonsense \xff")?;
            out.flush()
        }
        ("exit", code) => process::exit(code.parse().expect("a code")),
        ("disconnect", _) => worker.disconnect(),
        ("deaf", _) => {
            let stream = io::stdout().as_fd().try_clone_to_owned()?;
            UnixStream::from(stream).shutdown(Shutdown::Read) // as if the parent had broken it off
        }
        ("sleep", _) => {
            thread::sleep(PATIENCE * 2);
            Ok(())
        }
        _ => worker.send(&format!("heard {text}")),
    }
}

/// The demo `cluster` as a process, with a process group of its own.
pub(crate) struct Demo {
    process: process::Child,
    lines: Receiver<String>,
}

impl Demo {
    pub(crate) fn start(args: &[&str]) -> Demo {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(env!("CARGO_BIN_EXE_cluster"));
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.process_group(0).spawn().expect("a program");
        let out = BufReader::new(process.stdout.take().expect("a pipe"));
        let (line, lines) = mpsc::channel();
        thread::spawn(move || {
            for text in out.lines().map_while(Result::ok) {
                let _ = line.send(text);
            }
        });
        Demo { process, lines }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The next line that ends like this.
    pub(crate) fn line(&self, end: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("a line");
            if line.ends_with(end) {
                return line;
            }
        }
    }

    /// The processes of `count` workers that listen.
    pub(crate) fn workers(&self, count: usize) -> Vec<u32> {
        let pid = |line: String| {
            let (_, pid) = line.split_once("(process ")?;
            pid.split_once(')')?.0.parse().ok()
        };
        let lines = (0..count).map(|_| self.line(": listening"));
        lines.map(|line| pid(line).expect("a process")).collect()
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it is ours");
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> process::ExitStatus {
        self.process.wait().expect("it is ours")
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        let input = self.process.stdin.as_mut().expect("a pipe");
        writeln!(input, "{line}").expect("it reads");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until none of these processes is left, not even as a zombie.
#[track_caller]
pub(crate) fn wait_gone(processes: &[u32]) {
    let is_there = |pid: &u32| Path::new(&format!("/proc/{pid}")).exists();
    let until = Instant::now() + PATIENCE;
    while let Some(pid) = processes.iter().find(|pid| is_there(pid)) {
        assert!(Instant::now() < until, "process {pid} is still there");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A path in the temporary folder for a socket or a file of one test.
pub(crate) fn temporary(name: &str) -> PathBuf {
    let name = format!("barewire-{}-{name}", process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    path
}

pub(crate) fn unix(path: &Path) -> String {
    format!("unix:{}", path.display())
}
