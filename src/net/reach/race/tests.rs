//! The race, with attempts that are played, and over the kernel.

use super::*;
use crate::net::tests::{PATIENCE, within};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr, TcpListener, TcpStream};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;

const HOUR: Duration = Duration::from_secs(3600);

/// 10.0.0.1, 10.0.0.2 …, which the attempts of these tests do not really go to.
fn some(n: u8) -> Vec<SocketAddr> {
    (1..=n).map(|n| ([10, 0, 0, n], 80).into()).collect()
}

fn refused<T>() -> io::Result<T> {
    Err(ErrorKind::ConnectionRefused.into())
}

/// The number that `some` gave it.
fn number(address: SocketAddr) -> u8 {
    match address.ip() {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(_) => 0,
    }
}

#[test]
fn a_dead_end_does_not_hold_up_the_others() {
    within(PATIENCE, || {
        let (open, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let (sender, closed) = mpsc::channel();
        let won = run(
            &worker::spawn,
            &some(2),
            Duration::ZERO,
            Instant::now() + PATIENCE,
            move |address, _| {
                if number(address) == 1 {
                    let _ = gate.lock().unwrap().recv();
                }
                Ok(Closes(number(address), sender.clone()))
            },
        );
        let won = won.unwrap();
        assert_eq!(won.0, 2);
        drop(open); // the dead end answers after all …
        assert_eq!(closed.recv(), Ok(1)); // … and is closed,
        drop(won);
        assert_eq!(closed.recv(), Ok(2));
        assert!(closed.recv().is_err()); // … and nothing is left of any attempt
    });
}

/// A connection that tells when it is closed.
struct Closes(u8, mpsc::Sender<u8>);

impl Drop for Closes {
    fn drop(&mut self) {
        let _ = self.1.send(self.0);
    }
}

#[test]
fn a_failure_starts_the_next_at_once() {
    within(PATIENCE, || {
        let here = thread::current().id();
        let won = run(
            &worker::spawn,
            &some(3),
            HOUR,
            Instant::now() + PATIENCE,
            move |address, _| match number(address) {
                3 => Ok((3, thread::current().id() == here)),
                _ => refused(),
            },
        );
        assert_eq!(won.unwrap(), (3, true));
    });
}

#[test]
fn if_the_first_address_answers_in_time_no_other_is_tried() {
    within(PATIENCE, || {
        let won = run(
            &worker::spawn,
            &some(16),
            HOUR,
            Instant::now() + PATIENCE,
            |address, _| {
                assert_eq!(number(address), 1);
                Ok(1)
            },
        );
        assert_eq!(won.unwrap(), 1);
    });
}

#[test]
fn the_deadline_ends_it() {
    within(PATIENCE, || {
        let (_open, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let soon = Instant::now() + Duration::from_millis(20);
        let error = run::<()>(
            &worker::spawn,
            &some(2),
            Duration::ZERO,
            soon,
            move |_, _| {
                let _ = gate.lock().unwrap().recv();
                refused()
            },
        );
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains("10.0.0.1:80: "), "{error}");
    });
}

#[test]
fn after_the_deadline_nothing_is_tried() {
    let late = run::<()>(
        &worker::spawn,
        &some(1),
        HOUR,
        Instant::now(),
        |_, _| unreachable!(),
    );
    let error = late.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let expected = "cannot connect to 10.0.0.1:80: not tried before the deadline";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn all_fail_and_each_says_why() {
    use ErrorKind::*;
    for (kinds, expected) in [
        (
            &[NetworkUnreachable, ConnectionRefused][..],
            ConnectionRefused,
        ),
        (&[ConnectionRefused, HostUnreachable], ConnectionRefused),
        (&[PermissionDenied, ConnectionRefused], PermissionDenied),
        (&[ConnectionRefused, TimedOut, HostUnreachable], TimedOut),
        (&[AddrNotAvailable], AddrNotAvailable),
        (&[], InvalidInput),
    ] {
        let hosts = some(kinds.len() as u8);
        let all = run::<()>(
            &worker::spawn,
            &hosts,
            HOUR,
            Instant::now() + PATIENCE,
            move |address, _| Err(kinds[usize::from(number(address)) - 1].into()),
        );
        let error = all.unwrap_err();
        assert_eq!(error.kind(), expected);
        for (host, kind) in hosts.iter().zip(kinds) {
            let reason = format!("{host}: {kind}");
            assert!(error.to_string().contains(&reason), "{error}");
        }
    }
}

#[test]
fn a_stranger_cannot_make_us_try_for_ever() {
    let all = run::<()>(
        &worker::spawn,
        &some(40),
        HOUR,
        Instant::now() + PATIENCE,
        |address, _| {
            assert!(number(address) <= 16);
            refused()
        },
    );
    let text = all.unwrap_err().to_string();
    assert!(
        text.contains("any of the first 16 of 40 addresses"),
        "{text}"
    );
}

/// The first attempts get a thread, and then there is none to be had.
fn threads(n: usize) -> impl Fn(&str, worker::Work) -> io::Result<()> {
    let left = Mutex::new(n);
    move |name, work| {
        let mut left = left.lock().unwrap();
        match left.checked_sub(1) {
            Some(less) => *left = less,
            None => return Err(io::Error::new(ErrorKind::WouldBlock, "no thread to be had")),
        }
        worker::spawn(name, work)
    }
}

#[test]
fn fault_a26_without_threads_the_caller_tries_one_address_after_another() {
    within(PATIENCE, || {
        let here = thread::current().id();
        let deadline = Instant::now() + PATIENCE;
        let ends = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&ends);
        let attempt = move |address, end| {
            assert_eq!(thread::current().id(), here);
            noted.lock().unwrap().push(end);
            match number(address) {
                3 => Ok(3),
                1 => Err(ErrorKind::TimedOut.into()), // a dead end
                _ => refused(),
            }
        };
        let won = run(&threads(0), &some(4), HOUR, deadline, attempt);
        assert_eq!(won.unwrap(), 3);
        // No dead end takes all the time.
        let ends = ends.lock().unwrap();
        assert!(
            ends.is_sorted() && *ends.last().unwrap() < deadline,
            "{ends:?}"
        );
    });
}

#[test]
fn fault_a26_an_error_without_threads_names_the_missing_thread() {
    let deadline = Instant::now() + PATIENCE;
    let all = run::<()>(&threads(0), &some(2), HOUR, deadline, |_, _| refused());
    let error = all.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(
        error.to_string(),
        "cannot connect to any of 2 addresses: 10.0.0.1:80: connection refused; \
         10.0.0.2:80: connection refused (on the caller's thread, since no other could be \
         started: no thread to be had)"
    );
}

#[test]
fn fault_a26_an_attempt_that_has_a_thread_wins_while_the_caller_makes_another() {
    within(PATIENCE, || {
        let (both, at_once) = (Arc::new(Barrier::new(2)), Duration::ZERO);
        let deadline = Instant::now() + PATIENCE;
        let attempt = move |address, _| {
            both.wait(); // the first has a thread, the second is made here
            match number(address) {
                1 => Ok(1),
                _ => refused(),
            }
        };
        let won = run(&threads(1), &some(2), at_once, deadline, attempt);
        assert_eq!(won.unwrap(), 1);
    });
}

#[test]
fn fault_a17_a_thread_that_waits_for_an_attempt_keeps_the_token_of_an_unpark() {
    within(PATIENCE, || {
        thread::current().unpark();
        let soon = Instant::now() + Duration::from_millis(20);
        let attempt = |_, end| {
            thread::sleep(until(end));
            refused()
        };
        run::<()>(&worker::spawn, &some(2), HOUR, soon, attempt).unwrap_err();
        thread::park(); // for ever, if the token were gone
    });
}

/// A connection at a port where nobody listens, and nobody else can while it lives.
fn dead_port(ip: IpAddr) -> io::Result<TcpStream> {
    let listener = TcpListener::bind((ip, 0))?;
    let _client = TcpStream::connect(listener.local_addr()?)?;
    listener.accept().map(|(held, _)| held)
}

#[test]
fn row_n03_a_port_where_somebody_listens_is_found_among_dead_ones() {
    within(PATIENCE, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let live = listener.local_addr().unwrap();
        let holder = dead_port(live.ip()).unwrap();
        let dead = holder.local_addr().unwrap();
        for order in [
            &[live][..],
            &[live, dead],
            &[dead, live],
            &[dead, dead, live],
        ] {
            let won = race(order, Instant::now() + PATIENCE).unwrap();
            assert_eq!(won.inner().peer_addr().unwrap(), live);
        }
        let error = race(&[dead, dead], Instant::now() + PATIENCE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(error.to_string().matches(&dead.to_string()).count(), 2);
    });
}

#[test]
fn row_n09_a_host_of_both_families_is_reached_by_the_one_that_works() {
    within(PATIENCE, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let v4 = listener.local_addr().unwrap();
        let holder = dead_port(Ipv6Addr::LOCALHOST.into()); // this machine may have no IPv6
        let v6 = match &holder {
            Ok(holder) => holder.local_addr().unwrap(),
            Err(_) => (Ipv6Addr::LOCALHOST, 9).into(),
        };
        let won = race(&[v6, v4], Instant::now() + PATIENCE).unwrap();
        assert_eq!(won.inner().peer_addr().unwrap(), v4);
    });
}
