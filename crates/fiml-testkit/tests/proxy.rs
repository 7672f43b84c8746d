//! Every fault of the proxy, before a real Redis server.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use fiml_testkit::{
    proxy::{Fault, FaultProxy},
    servers::{shared_redis, unique},
};

/// One connection that speaks Redis's protocol, one command at a time.
struct Client(TcpStream);

impl Client {
    fn connect(proxy: &FaultProxy) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Self(stream)
    }

    fn send(&mut self, command: &str) {
        self.0
            .write_all(format!("{command}\r\n").as_bytes())
            .unwrap();
    }

    /// Reads until the whole reply is there or the connection ends: what came, and how it ended.
    fn receive(&mut self, reply: &str) -> (String, io::Result<()>) {
        let mut received = vec![0; reply.len()];
        for length in 0..reply.len() {
            match self.0.read(&mut received[length..=length]) {
                Ok(1..) => {}
                Ok(0) => {
                    return (
                        text(&received[..length]),
                        Err(ErrorKind::UnexpectedEof.into()),
                    );
                }
                Err(error) => return (text(&received[..length]), Err(error)),
            }
        }
        (text(&received), Ok(()))
    }

    fn answers(&mut self, command: &str, reply: &str) {
        self.send(command);
        let (received, end) = self.receive(reply);
        assert_eq!((received.as_str(), end.is_ok()), (reply, true));
    }

    /// Sees that nothing is there to read, now that everything else has happened.
    fn hears_nothing(&self) {
        self.0.set_nonblocking(true).unwrap();
        let nothing = self.0.peek(&mut [0]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        self.0.set_nonblocking(false).unwrap();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn is_reset(end: &io::Result<()>) -> bool {
    matches!(end, Err(error) if error.kind() == ErrorKind::ConnectionReset)
}

/// Waits until the server has carried out what was sent, or the proxy has done what it should.
fn wait_until(done: impl Fn() -> bool) {
    for _ in 0..12_000 {
        if done() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("nothing happened for a minute");
}

fn proxy() -> FaultProxy {
    FaultProxy::start(shared_redis().port()).unwrap()
}

fn stored(key: &str) -> String {
    shared_redis().command(&["GET", key])
}

/// Looks for a key over as many connections as would let a request that is not held back arrive meanwhile.
fn stays_absent(key: &str) -> bool {
    (0..50).all(|_| stored(key).is_empty())
}

#[test]
fn without_a_fault_everything_passes() {
    let proxy = proxy();
    let mut client = Client::connect(&proxy);
    client.answers("PING", "+PONG\r\n");
    let value = "x".repeat(60_000);
    let key = unique("proxy");
    client.answers(&format!("SET {key} {value}"), "+OK\r\n");
    client.answers(&format!("GET {key}"), &format!("$60000\r\n{value}\r\n"));
    assert_eq!(proxy.faults(), 0);
}

#[test]
fn swallowed_replies_are_carried_out_and_the_connection_stays_silent() {
    let (proxy, key) = (proxy(), unique("proxy"));
    let mut client = Client::connect(&proxy);
    client.answers("PING", "+PONG\r\n");
    proxy.set(Fault::SwallowReplies);
    client.send(&format!("SET {key} 1"));
    wait_until(|| proxy.faults() == 1);
    assert_eq!(stored(&key), "1");
    proxy.set(Fault::None);
    client.send("PING");
    wait_until(|| proxy.faults() == 2);
    client.hears_nothing();
    Client::connect(&proxy).answers("PING", "+PONG\r\n");
}

#[test]
fn a_reply_cut_off_whole_is_carried_out_and_resets_the_connection() {
    let (proxy, key) = (proxy(), unique("proxy"));
    let mut client = Client::connect(&proxy);
    client.answers("PING", "+PONG\r\n");
    proxy.set(Fault::CutReplies { after: 0 });
    client.send(&format!("SET {key} 1"));
    let (received, end) = client.receive("+OK\r\n");
    assert!(received.is_empty() && is_reset(&end), "{received} {end:?}");
    assert_eq!((stored(&key).as_str(), proxy.faults()), ("1", 1));
}

#[test]
fn a_reply_is_cut_in_the_middle_after_as_many_bytes_as_asked_for() {
    let proxy = proxy();
    proxy.set(Fault::CutReplies { after: 7 + 3 });
    let mut client = Client::connect(&proxy);
    client.answers("PING", "+PONG\r\n");
    client.send("PING");
    let (received, end) = client.receive("+PONG\r\n");
    // A reset may overtake what was sent before it.
    assert!(
        "+PO".starts_with(&received) && is_reset(&end),
        "{received} {end:?}"
    );
    assert_eq!(proxy.faults(), 1);
}

#[test]
fn some_replies_are_cut_and_the_same_ones_for_the_same_seed() {
    let replies_before_the_cut = |seed| {
        let proxy = proxy();
        proxy.set(Fault::CutSomeReplies { one_in: 10, seed });
        let mut client = Client::connect(&proxy);
        (0..)
            .take_while(|_| {
                client.send("PING");
                client.receive("+PONG\r\n").1.is_ok()
            })
            .count()
    };
    let counts: Vec<_> = (0..5).map(replies_before_the_cut).collect();
    assert_eq!(
        counts,
        (0..5).map(replies_before_the_cut).collect::<Vec<_>>()
    );
    assert!(counts.iter().any(|count| *count != counts[0]), "{counts:?}");
}

#[test]
fn a_delayed_request_is_not_carried_out_before_its_time() {
    let (proxy, key) = (proxy(), unique("proxy"));
    let mut client = Client::connect(&proxy);
    client.answers("PING", "+PONG\r\n");
    let hour = Duration::from_secs(3600);
    proxy.set(Fault::Delay {
        requests: hour,
        replies: Duration::ZERO,
    });
    client.send(&format!("SET {key} 1"));
    assert!(stays_absent(&key));
    proxy.set(Fault::None);
    assert_eq!(client.receive("+OK\r\n").0, "+OK\r\n");
}

#[test]
fn a_delayed_reply_follows_a_request_that_was_carried_out() {
    let (proxy, key) = (proxy(), unique("proxy"));
    let mut client = Client::connect(&proxy);
    let hour = Duration::from_secs(3600);
    proxy.set(Fault::Delay {
        requests: Duration::from_millis(1),
        replies: hour,
    });
    client.send(&format!("SET {key} 1"));
    wait_until(|| stored(&key) == "1");
    client.hears_nothing();
    proxy.set(Fault::None);
    assert_eq!(client.receive("+OK\r\n").0, "+OK\r\n");
}

#[test]
fn a_short_delay_passes_by_itself() {
    let proxy = proxy();
    let moment = Duration::from_millis(1);
    proxy.set(Fault::Delay {
        requests: moment,
        replies: moment,
    });
    Client::connect(&proxy).answers("PING", "+PONG\r\n");
}

#[test]
fn byte_by_byte_everything_arrives_whole() {
    let (proxy, key) = (proxy(), unique("proxy"));
    proxy.set(Fault::ByteByByte);
    let mut client = Client::connect(&proxy);
    client.answers(&format!("SET {key} 12345"), "+OK\r\n");
    client.answers(&format!("GET {key}"), "$5\r\n12345\r\n");
}

#[test]
fn refused_connections_are_reset_new_ones_and_open_ones() {
    let proxy = proxy();
    let mut open = Client::connect(&proxy);
    open.answers("PING", "+PONG\r\n");
    proxy.set(Fault::Refuse);
    assert!(is_reset(&open.receive("+PONG\r\n").1));
    let mut fresh = Client::connect(&proxy);
    assert!(fresh.receive("+PONG\r\n").1.is_err());
    assert_eq!(proxy.faults(), 2);
    proxy.set(Fault::None);
    Client::connect(&proxy).answers("PING", "+PONG\r\n");
}

#[test]
fn a_black_hole_closes_nothing_and_lets_everything_out_in_the_end() {
    let (proxy, key) = (proxy(), unique("proxy"));
    let mut open = Client::connect(&proxy);
    open.answers("PING", "+PONG\r\n");
    proxy.set(Fault::BlackHole);
    let mut fresh = Client::connect(&proxy);
    open.send(&format!("SET {key} 1"));
    fresh.send("PING");
    assert!(stays_absent(&key));
    open.hears_nothing();
    fresh.hears_nothing();
    proxy.set(Fault::None);
    assert_eq!(open.receive("+OK\r\n").0, "+OK\r\n");
    assert_eq!(fresh.receive("+PONG\r\n").0, "+PONG\r\n");
}

#[test]
fn a_client_that_closes_its_half_still_gets_its_reply() {
    let proxy = proxy();
    let mut client = Client::connect(&proxy);
    client.send("PING");
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.receive("+PONG\r\n").0, "+PONG\r\n");
}

#[test]
fn a_server_that_is_not_there_resets_and_a_dropped_proxy_closes() {
    let server = fiml_testkit::servers::RedisServer::start();
    let proxy = FaultProxy::start(server.port()).unwrap();
    let mut client = Client::connect(&proxy);
    client.answers("PING", "+PONG\r\n");
    server.kill();
    assert!(client.receive("+PONG\r\n").1.is_err());
    assert!(Client::connect(&proxy).receive("+PONG\r\n").1.is_err());
    server.restart();
    let mut client = Client::connect(&proxy);
    client.answers("PING", "+PONG\r\n");
    drop(proxy);
    assert!(client.receive("+PONG\r\n").1.is_err());
}
