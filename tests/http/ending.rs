//! SIGTERM: what is under way is finished, and nothing is done that nobody hears of.

use std::{
    io::Write as _,
    process::Stdio,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use fiml_tests::{
    place::Place,
    recorded::Asked,
    support::{Client, send_signal},
};
use serde_json::json;

use crate::{
    caller::{Caller, MODERN, Outcome, meta},
    server::Server,
};

const CLIENTS: usize = 16;
/// After how long without a byte taken a server is stuck.
const STUCK: Duration = Duration::from_secs(1);
/// After how long a test gives up on an end.
const PATIENCE: Duration = Duration::from_secs(60);

fn every_search_that_was_carried_out_was_answered_before_a_server_under_load_ended(place: &Place) {
    let settings = [("SESSION_MAX_QUERIES_PER_SESSION", "1000000")];
    let server = Server::start_with(place.fiml(), &settings);
    let address = server.address();
    let session = Caller::connect(address, MODERN).unwrap().create();
    let (answered, answers) = mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (session, answered) = (session.clone(), answered.clone());
            thread::spawn(move || {
                let mut asked = Asked::default();
                let mut caller = Caller::connect(address, MODERN).unwrap();
                for n in 0.. {
                    let marker = format!("{client}-{n}");
                    let search = json!({"symbol": "IBM", "market": marker, "sessionId": session});
                    match caller.call("search-by-symbol", &search) {
                        Outcome::Answered(answer) => {
                            let number = answer["session"]["query_number"].as_u64();
                            asked.note(marker, Some(number.unwrap()));
                            // Nobody listens once enough have come.
                            let _ = answered.send(());
                        }
                        Outcome::Refused(reply) => {
                            assert_eq!(reply.status, 503, "{reply:?}");
                            break;
                        }
                        Outcome::Unanswered => break,
                    }
                }
                asked
            })
        })
        .collect();
    assert_eq!(answers.iter().take(500).count(), 500);
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    let mut all = Asked::default();
    for client in clients {
        all.extend(client.join().unwrap());
    }
    // An unanswered search that was recorded would be one that was never asked.
    assert_eq!(all.check(place, &session), all.acknowledged());
}

#[test]
fn connections_without_a_call_do_not_hold_up_the_end() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    let fresh = server.connect();
    let mut idle = Caller::connect(server.address(), MODERN).unwrap();
    idle.create();
    server.terminate();
    let (status, log) = server.ended();
    assert_eq!((status.code(), &*log), (Some(0), ""), "no time ran out");
    drop((fresh, idle));
}

#[test]
fn a_server_on_stdio_ends_in_order_on_sigterm_and_ctrl_c_with_its_input_open() {
    let place = Place::embedded();
    for signal in ["-TERM", "-INT"] {
        let mut client = Client::start(place.fiml(), &[]);
        client.create(&json!({"assets": ["IBM"], "sessionType": "equity"}));
        send_signal(client.pid(), signal);
        assert_eq!(client.ended().code(), Some(0), "{signal}");
    }
    // An input that is no pipe is read by a thread that cannot be interrupted.
    let mut command = place.fiml();
    command.arg("serve").env("FIML_LOG", "fiml=info");
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    command
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(far)))
        .stderr(Stdio::piped());
    let mut server = command.spawn().unwrap();
    let log = std::io::BufReader::new(server.stderr.take().unwrap());
    let mut lines = std::io::BufRead::lines(log);
    lines
        .find(|line| line.as_ref().unwrap().contains("serving MCP"))
        .unwrap()
        .unwrap();
    send_signal(server.id(), "-TERM");
    assert_eq!(server.wait().unwrap().code(), Some(0));
    drop(near);
}

#[test]
fn a_server_on_stdio_whose_client_never_reads_ends_in_order_on_sigterm() {
    let place = Place::embedded();
    let mut command = place.fiml();
    command.arg("serve").stdin(Stdio::piped());
    let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut requests = server.stdin.take().unwrap();
    let (written, writes) = mpsc::channel();
    let writing = thread::spawn(move || {
        let request = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta(MODERN)},
        });
        while writeln!(requests, "{request}").is_ok() {
            // Nobody listens once it is stuck.
            let _ = written.send(());
        }
    });
    writes.recv().unwrap();
    while writes.recv_timeout(STUCK).is_ok() {}
    send_signal(server.id(), "-TERM");
    let deadline = Instant::now() + PATIENCE;
    let ended = loop {
        if let Some(status) = server.try_wait().unwrap() {
            break Some(status);
        }
        if Instant::now() > deadline {
            break None;
        }
        thread::sleep(Duration::from_millis(20));
    };
    // Where it has not, or the writer would wait for ever.
    let _ = server.kill();
    writing.join().unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(0));
}

fiml_tests::in_every_place! {
    every_search_that_was_carried_out_was_answered_before_a_server_under_load_ended,
}
