use super::*;

fn idle(connection: u32, until: Instant) -> Idle<u32> {
    Idle {
        connection,
        until: Some(until),
    }
}

#[test]
fn connections_that_come_and_go_leave_no_origin_and_take_no_new_memory() {
    let mut origins: Origins<&str, u32, ()> = Origins::new();
    let (mut closed, now) = (Vec::new(), Instant::now());
    origins.keep(&"a", idle(1, now));
    let room = origins.places[0].as_ref().unwrap().free.capacity();
    for _ in 0..10_000 {
        let (_, place) = origins.take_newest_and_slot(&"a").unwrap();
        assert_eq!(origins.end_slot(&"a", place), Some(Gauges::default()));
        origins.keep(&"a", idle(1, now));
        origins.forget_if_unused(&"a", place);
    }
    assert_eq!(origins.places[0].as_ref().unwrap().free.capacity(), room);
    origins.expire(now, &mut closed);
    assert_eq!((closed.len(), origins.known.len()), (1, 0));
    assert_eq!(
        (origins.totals, origins.quiet_until),
        (Gauges::default(), None)
    );
}

#[test]
fn the_place_of_an_origin_that_is_forgotten_is_the_next_ones() {
    let mut origins: Origins<u32, u32, ()> = Origins::new();
    for origin in 0..10_000 {
        let place = origins.take_slot(&origin);
        assert_eq!(origins.end_slot(&origin, place), Some(Gauges::default()));
        origins.forget_if_unused(&origin, place);
    }
    assert_eq!((origins.places.len(), origins.known.len()), (1, 0));
    assert_eq!(origins.vacant, [0]);
}

/// A hint is looked at, and never believed.
#[test]
fn an_origin_is_found_by_any_hint() {
    let mut origins: Origins<&str, u32, ()> = Origins::new();
    let now = Instant::now();
    let names = ["a", "b", "c"];
    let places = names.map(|name| origins.take_slot(&name));
    assert_eq!(places, [0, 1, 2]);
    for hint in [0, 1, 2, 3, usize::MAX] {
        for name in names {
            let kept = origins.end_slot_and_keep(&name, hint, idle(7, now));
            assert_eq!(kept.ok(), Some(1));
            origins.last = hint;
            let (connection, place) = origins.take_newest_and_slot(&name).unwrap();
            assert_eq!((connection, names[place]), (7, name));
        }
        assert_eq!(origins.end_slot(&"d", hint), None);
    }
}
