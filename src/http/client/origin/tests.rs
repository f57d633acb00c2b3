use super::*;
use crate::http::client::proxy::Proxy;
use std::io::ErrorKind;

/// A user's connector, which may give any key.
struct Own(Option<&'static str>);

impl Connector for Own {
    fn connect(&self, _to: &Origin, _deadline: Instant) -> io::Result<Connected> {
        Err(ErrorKind::Unsupported.into())
    }

    fn key(&self) -> Option<&str> {
        self.0
    }
}

fn own(key: Option<&'static str>) -> Arc<dyn Connector> {
    Arc::new(Own(key))
}

fn through(below: &Arc<dyn Connector>) -> Arc<dyn Connector> {
    Proxy::new("http://proxy")
        .unwrap()
        .connector(below)
        .unwrap()
}

#[test]
fn two_connectors_with_equal_keys_are_one_way() {
    let same = is_same_way;
    assert!(same(&direct(), &direct()));
    assert!(same(&own(Some("a")), &own(Some("a"))));
    assert!(!same(&own(Some("a")), &own(Some("b"))));
    assert!(!same(&own(None), &own(None)));
    assert!(same(&through(&direct()), &through(&direct())));
    assert!(same(&through(&own(Some("a"))), &through(&own(Some("a")))));
    assert!(!same(&through(&own(Some("a"))), &through(&own(Some("b")))));
    let own = own(None);
    assert!(!same(&through(&own), &through(&own)));
}

#[test]
fn fault_a18_no_key_is_that_of_plain_tcp_or_of_the_way_through_a_proxy() {
    let same = is_same_way;
    let ways = [direct(), through(&direct()), through(&through(&direct()))];
    for way in &ways {
        for key in ["", way.key().unwrap_or_default()].map(str::to_owned) {
            let own = own(Some(key.leak()));
            assert!(!same(&own, way) && !same(way, &own));
            assert!(!same(&through(&own), way) && !same(way, &through(&own)));
        }
    }
    for (n, way) in ways.iter().enumerate() {
        assert!(ways[..n].iter().all(|other| !same(way, other)));
    }
}
