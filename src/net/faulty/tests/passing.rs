//! What a stream can do passes through: with faults, and without any.

use super::*;
use crate::net::Tcp;
use std::net::{TcpListener, TcpStream};
use std::sync::{OnceLock, Weak};

#[test]
fn fault_a29_abort_stays_an_abort_below() {
    within(PATIENCE, || {
        let (there, here, calls) = reporting(Faults::default());
        here.abort().unwrap();
        assert_eq!(calls.recv(), Ok("abort"));
        assert_eq!(read(&there), b"");
    });
}

/// A shutdown would be a clean end to a stream that knows the difference: over TLS, a close_notify.
#[test]
fn fault_a29_a_reset_is_an_abort_below() {
    within(PATIENCE, || {
        let (there, here, calls) = reporting(Faults::default().reset_after_writing(1));
        assert_eq!(here.write(b"xyz").unwrap(), 1);
        assert_eq!((calls.recv(), calls.recv()), (Ok("write"), Ok("abort")));
        assert_eq!((read(&there), read(&there)), (b"x".to_vec(), vec![]));

        let (_there, here, calls) = reporting(Faults::default().reset_after_reading(0));
        assert_eq!(calls.recv(), Ok("abort"));
        assert_eq!(kind(here.write(b"x")), ErrorKind::ConnectionReset);
    });
}

#[test]
fn fault_a29_no_delay_reaches_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let faults = Faults::default().delay_writes(HOUR);
    let below = Faulty::new(Arc::new(Tcp::from(tcp)), faults);
    let faulty = Faulty::new(Arc::new(below), Faults::default());
    let tcp = || {
        let below = faulty.below().as_any().downcast_ref::<Faulty>().unwrap();
        below.below().as_any().downcast_ref::<Tcp>().unwrap()
    };
    for on in [true, false] {
        faulty.set_no_delay(on).unwrap();
        assert_eq!(tcp().no_delay().unwrap(), on);
    }
}

#[test]
fn fault_a29_a_try_write_meets_the_faults_of_a_write() {
    within(PATIENCE, || {
        let (there, here) = faulty(Faults::default().short_writes(2).reset_after_writing(3));
        assert_eq!(here.try_write(b"abcd").unwrap(), Some(2));
        assert_eq!(here.try_write(b"cd").unwrap(), Some(1));
        assert_eq!(kind(here.try_write(b"d")), ErrorKind::ConnectionReset);
        assert_eq!((read(&there), read(&there)), (b"abc".to_vec(), vec![]));

        let (_there, here, calls) = reporting(Faults::default().delay_writes(HOUR));
        assert_eq!(here.try_write(b"x").unwrap(), None); // the delay runs
        assert!(calls.try_recv().is_err());

        let (_there, here, _calls) = reporting(Faults::default());
        assert_eq!(here.try_write(b"full").unwrap(), Some(4));
        assert_eq!(here.try_write(b"more").unwrap(), None); // no room below
    });
}

/// The stream below is not ours: it may come back.
#[test]
fn no_lock_is_held_while_the_stream_below_works() {
    within(PATIENCE, || {
        let above = Arc::new(OnceLock::<Weak<Faulty>>::new());
        let seen = Arc::clone(&above);
        let before = move |_| {
            let above = seen.get().and_then(Weak::upgrade).unwrap();
            assert_eq!(above.try_write(b"again").unwrap(), None);
        };
        let (there, below) = pipe();
        let below = Arc::new(Hooked { below, before });
        let faulty = Arc::new(Faulty::new(below, Faults::default()));
        above.set(Arc::downgrade(&faulty)).unwrap();
        assert_eq!(faulty.try_write(b"once").unwrap(), Some(4));
        assert_eq!(read(&there), b"once");
    });
}
