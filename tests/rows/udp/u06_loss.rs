use super::line::{Line, server};
use super::{next, socket};
use crate::support::watched;
use barewire::udp::{
    Datagrams, Direction, Family, Fault, FaultPlan, FaultRates, Faulty, ReceiveBuffer, Requester,
    Responder, create_socket, is_closed,
};
use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn plan(script: &str) -> FaultPlan {
    script.parse().unwrap()
}

/// Asks `questions` over a network with these faults. Returns the number of tries of each, and
/// what the server handled on.
fn asked(sent: &str, received: &str, questions: &[&str]) -> (Vec<u32>, Vec<String>) {
    let handled = RefCell::new(Vec::new());
    let line = Line::new(|question: &[u8], _| {
        let question = String::from_utf8(question.to_vec()).unwrap();
        handled.borrow_mut().push(question.clone());
        question.to_uppercase().into_bytes()
    });
    let network = Faulty::new(line)
        .sending(plan(sent))
        .receiving(plan(received));
    let mut requester = Requester::new(network);
    let mut tries = Vec::new();
    for question in questions {
        let reply = requester.request(server(), question.as_bytes()).unwrap();
        assert_eq!(reply.payload, question.to_uppercase().into_bytes());
        tries.push(reply.tries);
    }
    drop(requester);
    (tries, handled.into_inner())
}

#[test]
fn row_u06_a_lost_question_is_repeated_and_handled_once() {
    let abc = ["a", "b", "c"];
    for (sent, received, tries) in [
        ("", "", [1, 1, 1]),
        ("xx", "", [3, 1, 1]),   // questions are lost
        ("", "xx", [3, 1, 1]),   // answers are lost
        ("x.x", "x", [4, 1, 1]), // one after the other
        ("2", "", [1, 1, 1]),    // asked twice, answered twice
        ("", "22", [1, 1, 1]),   // the second answer comes while the next is awaited
        ("", "~", [2, 1, 1]),    // an answer comes late, after that to the repetition
        ("~", "", [2, 1, 1]),    // a question comes late
        ("", ".~~", [1, 3, 1]),  // later still
        ("~x", "2x", [3, 1, 1]), // all of it
    ] {
        let (took, handled) = asked(sent, received, &abc);
        assert_eq!(took, tries, "sent {sent:?} received {received:?}");
        assert_eq!(handled, abc, "sent {sent:?} received {received:?}");
    }
}

#[test]
fn row_u06_a_seeded_network_loses_nothing_for_good() {
    let rates = FaultRates {
        drop: 30,
        duplicate: 15,
        delay: 15,
    };
    for seed in 0..200 {
        let handled = RefCell::new(0_u32);
        let line = Line::new(|question: &[u8], _| {
            *handled.borrow_mut() += 1;
            question.to_vec()
        });
        let network = Faulty::new(line)
            .sending(FaultPlan::seeded(seed, rates))
            .receiving(FaultPlan::seeded(!seed, rates));
        let mut requester = Requester::new(network);
        requester.retry.tries = 200;
        requester.retry.backoff = 1;
        for n in 0..50_u32 {
            let reply = requester.request(server(), &n.to_be_bytes()).unwrap();
            assert_eq!(reply.payload, n.to_be_bytes(), "seed {seed}");
        }
        assert_eq!(*handled.borrow(), 50, "seed {seed}");
    }
}

#[test]
fn row_u06_only_the_peers_answer_to_this_question_counts() {
    let line = &Line::new(|_: &[u8], _| b"right".to_vec());
    let mut requester = Requester::with_first_id(line, 0x0102_0304);
    let stranger: SocketAddr = ([127, 0, 0, 1], 9).into();
    let datagrams: [(&[u8], SocketAddr); 6] = [
        (b"A\x01\x02\x03\x03wrong: late", server()),
        (b"A\x01\x02\x03\x05wrong: early", server()),
        (b"Q\x01\x02\x03\x04wrong: a question", server()),
        (b"A\x01\x02\x03\x04wrong: foreign", stranger),
        (b"A\x01\x02\x03", server()),
        (b"", server()),
    ];
    for (datagram, from) in datagrams {
        line.arrives(datagram, from);
    }
    let reply = requester.request(server(), b"?").unwrap();
    assert_eq!((reply.payload.as_slice(), reply.tries), (&b"right"[..], 1));
}

#[test]
fn row_u06_it_waits_longer_each_time_and_gives_up() {
    const HOUR: Duration = Duration::from_secs(3600);
    let line = &Line::new(|_: &[u8], _| vec![]);
    let nobody_hears = Faulty::new(line).sending(plan(&"x".repeat(100)));
    let mut requester = Requester::new(nobody_hears);
    requester.retry.timeout = HOUR;
    requester.retry.tries = 5;
    requester.retry.deadline = 6 * HOUR;
    let e = requester.request(server(), b"?").unwrap_err();
    assert_eq!(e.kind(), ErrorKind::TimedOut);
    let what = "no answer from 127.0.0.1:41234 to 5 tries in ";
    assert!(e.to_string().starts_with(what), "{e}");
    // The line's clock stands still: what is awaited is what would have been.
    let hours = line
        .waits()
        .into_iter()
        .map(|wait| wait.as_secs_f64() / 3600.0);
    assert_eq!(
        hours.map(f64::round).collect::<Vec<_>>(),
        [1.0, 2.0, 4.0, 6.0, 6.0]
    );
}

#[test]
fn row_u06_the_deadline_is_over_all_tries() {
    let line = &Line::new(|_: &[u8], _| vec![]);
    let mut requester = Requester::new(Faulty::new(line).sending(plan("xx")));
    requester.retry.deadline = Duration::ZERO;
    let e = requester.request(server(), b"?").unwrap_err();
    assert_eq!(e.kind(), ErrorKind::TimedOut);
    assert!(e.to_string().contains("to 1 tries"), "{e}");
    let e = requester
        .request(([0, 0, 0, 0], 9).into(), b"?")
        .unwrap_err();
    assert_eq!(e.kind(), ErrorKind::InvalidInput);
}

#[test]
fn row_u06_the_ids_wrap_around() {
    let line = &Line::new(|question: &[u8], _| question.to_vec());
    let mut requester = Requester::with_first_id(line, u32::MAX);
    for question in [b"last", b"zero", b"one "] {
        assert_eq!(
            requester.request(server(), question).unwrap().payload,
            question
        );
    }
}

/// The same over sockets: the first question and the first answer are lost.
#[test]
fn row_u06_over_a_socket_that_drops_on_purpose() {
    watched(|| {
        let (server, client) = (socket(), socket());
        let (sender, observed) = mpsc::channel();
        let network = Faulty::new(client)
            .sending(plan("x"))
            .receiving(plan("x"))
            .watch(move |direction, fault, _| sender.send((direction, fault)).unwrap());
        let answering = server.clone();
        let server_thread = thread::spawn(move || {
            let mut handled = 0;
            let mut responder = Responder::new(|_: &[u8], _| {
                handled += 1;
                vec![handled]
            });
            responder.serve(&answering, |e| panic!("{e}")).unwrap();
        });
        let mut requester = Requester::new(network);
        requester.retry.timeout = Duration::from_millis(50);
        requester.retry.tries = 10;
        let reply = requester.request(server.local_addr(), b"?").unwrap();
        assert_eq!(reply.payload, [1]); // handled on once, however often it was asked
        server.close();
        server_thread.join().unwrap();

        let observed: Vec<_> = observed.try_iter().collect();
        let sent: Vec<_> = observed
            .iter()
            .filter(|it| it.0 == Direction::Sent)
            .collect();
        assert_eq!(sent[0].1, Fault::Drop);
        assert_eq!(sent.len(), reply.tries as usize);
        let received = observed.iter().filter(|it| it.0 == Direction::Received);
        assert!(received.map(|it| it.1).eq([Fault::Drop, Fault::None]));
    });
}

#[test]
fn row_u06_a_responder_survives_other_datagrams_and_long_answers() {
    watched(|| {
        let (server, client) = (socket(), socket());
        for datagram in [
            &b""[..],
            b"hello",
            b"A\0\0\0\x01",
            b"Q\0\0\0\x02long",
            b"Q\0\0\0\x03ok",
        ] {
            client.send_to(datagram, server.local_addr()).unwrap();
        }
        let mut errors = Vec::new();
        let mut responder = Responder::new(|question: &[u8], _| match question {
            b"long" => vec![0; 65_507],
            short => short.to_vec(),
        });
        thread::scope(|scope| {
            let (server, on_error) = (&server, |e: &io::Error| errors.push(e.kind()));
            scope.spawn(move || responder.serve(server, on_error).unwrap());
            assert_eq!(next(&client).0, b"A\0\0\0\x03ok");
            server.close();
        });
        assert_eq!(errors, [ErrorKind::InvalidInput]);
    });
}

#[test]
fn row_u06_a_closed_transport_ends_the_question() {
    watched(|| {
        let (client, peer) = (socket(), socket());
        let mut requester = Requester::new(Faulty::new(client.clone()));
        requester.retry.timeout = Duration::from_secs(3600);
        requester.retry.deadline = Duration::from_secs(3600);
        thread::scope(|scope| {
            scope.spawn(|| {
                next(&peer); // the question is on its way: it waits, or soon will
                client.close();
            });
            let e = requester.request(peer.local_addr(), b"?").unwrap_err();
            assert!(is_closed(&e), "{e}");
        });
    });
}

#[test]
fn row_u06_a_faulty_transport_keeps_its_timeout() {
    watched(|| {
        let (here, there) = (socket(), socket());
        there.send_to(b"lost", here.local_addr()).unwrap();
        let faulty = Faulty::new(&here).receiving(plan("x"));
        let most = Some(Duration::from_millis(20));
        let e = faulty
            .recv_within(&mut ReceiveBuffer::new(), most)
            .unwrap_err();
        assert!(barewire::net::is_timeout(&e), "{e}");
    });
}

/// On a connected socket the next call reports that the peer was not there; it is there by now.
#[test]
fn fault_a28_the_report_of_an_earlier_datagram_takes_no_try_away() {
    watched(|| {
        let client = socket();
        let server = create_socket(Family::V4).bind("127.0.28.1:0").unwrap();
        let address = server.local_addr();
        server.close();
        client.connect(address.port(), "127.0.28.1").unwrap();
        client.send_connected(b"is anybody there?").unwrap();
        let server = create_socket(Family::V4).bind(address).unwrap();
        let answering = server.clone();
        let thread = thread::spawn(move || {
            let mut responder = Responder::new(|question: &[u8], _| question.to_vec());
            responder.serve(&answering, |e| panic!("{e}")).unwrap();
        });
        let mut requester = Requester::new(&client);
        requester.retry.tries = 1;
        requester.retry.timeout = Duration::from_secs(10);
        let reply = requester.request(address, b"now?").unwrap();
        assert_eq!((reply.payload.as_slice(), reply.tries), (&b"now?"[..], 1));
        server.close();
        thread.join().unwrap();
    });
}
