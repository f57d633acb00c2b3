//! The other processes of a run, and what `/proc` says of them. They end with ours, however that ends.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, thread};

/// glibc keeps freed memory for the next allocation, and keeps more of it the larger the freed pieces were (the same
/// run ends with 240 MiB resident instead of 20). With fixed thresholds it returns large pieces to the kernel, so that
/// resident memory is what the server holds.
const GIVES_BACK: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "131072"),
    ("MALLOC_TRIM_THRESHOLD_", "131072"),
];

pub(crate) struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    complaints: Arc<Mutex<Vec<String>>>,
}

/// What a process holds.
#[derive(Clone, Default)]
pub(crate) struct Usage {
    pub(crate) descriptors: usize,
    /// How many there are of each name.
    pub(crate) threads: BTreeMap<String, usize>,
    pub(crate) resident_kib: u64,
}

impl Usage {
    pub(crate) fn threads(&self) -> usize {
        self.threads.values().sum()
    }
}

impl Process {
    /// This program in another role. To be called by the main thread: the kernel kills the process when
    /// the *thread* ends that has started it.
    pub(crate) fn start(role: &str, words: &[String]) -> io::Result<Process> {
        let mut child = Command::new("/proc/self/exe")
            .arg(role)
            .args(words)
            .envs(GIVES_BACK)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&complaints);
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                heard
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        Ok(Process {
            child,
            stdout,
            complaints,
        })
    }

    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub(crate) fn say(&mut self, line: &str) -> io::Result<()> {
        let stdin = self.child.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(stdin, "{line}")
    }

    /// Says something and returns the answer.
    pub(crate) fn ask(&mut self, line: &str) -> io::Result<String> {
        self.say(line)?;
        self.line()
    }

    pub(crate) fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stdout.read_line(&mut line)? {
            0 => Err(io::Error::other(format!(
                "a process has ended: {:?}",
                self.complaints()
            ))),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    /// Ends its stdin, and returns the lines that it still prints.
    pub(crate) fn finish(mut self) -> io::Result<Vec<String>> {
        drop(self.child.stdin.take());
        let lines = self.stdout.by_ref().lines().collect();
        self.child.wait()?;
        lines
    }

    /// What it has printed to stderr so far.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn usage(&self) -> io::Result<Usage> {
        let mut usage = Usage {
            descriptors: fs::read_dir(self.proc("fd"))?.count(),
            resident_kib: self.status("VmRSS:")?,
            ..Usage::default()
        };
        // One that has ended meanwhile has no name any more.
        for task in fs::read_dir(self.proc("task"))?.flatten() {
            if let Ok(name) = fs::read_to_string(task.path().join("comm")) {
                *usage.threads.entry(name.trim_end().to_owned()).or_default() += 1;
            }
        }
        Ok(usage)
    }

    pub(crate) fn is_root(&self) -> io::Result<bool> {
        Ok(self.status("Uid:")? == 0)
    }

    /// The first number behind a name in `/proc/PID/status`.
    fn status(&self, name: &str) -> io::Result<u64> {
        let status = fs::read_to_string(self.proc("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("no {name} in /proc")))
    }

    pub(crate) fn connections(&self) -> io::Result<Vec<(u16, u16)>> {
        connections(self.child.id())
    }

    fn proc(&self, what: &str) -> String {
        format!("/proc/{}/{what}", self.child.id())
    }
}

/// The TCP connections that a process holds: its port of each, and the peer's.
pub(crate) fn connections(pid: u32) -> io::Result<Vec<(u16, u16)>> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd"))?.flatten();
    let targets = descriptors.filter_map(|fd| fs::read_link(fd.path()).ok());
    let sockets: HashSet<String> = targets.map(|to| to.display().to_string()).collect();
    let table = fs::read_to_string("/proc/net/tcp")?;
    let ports = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let ours = sockets.contains(&format!("socket:[{}]", columns.get(9)?));
        let port = |at: &str| u16::from_str_radix(at.rsplit_once(':')?.1, 16).ok();
        let ports = (port(columns[1])?, port(columns[2])?);
        (ours && ports.1 != 0).then_some(ports) // a listening socket has no peer
    };
    Ok(table.lines().skip(1).filter_map(ports).collect())
}

/// Whether SIGSTOP has stopped each of its threads.
pub(crate) fn is_stopped(pid: u32) -> io::Result<bool> {
    let mut tasks = fs::read_dir(format!("/proc/{pid}/task"))?.flatten();
    Ok(tasks.all(|task| {
        // One that has ended meanwhile has no status any more.
        let status = fs::read_to_string(task.path().join("status"));
        status.map_or(true, |status| status.contains("\nState:\tT"))
    }))
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // has ended already
        let _ = self.child.wait();
    }
}
