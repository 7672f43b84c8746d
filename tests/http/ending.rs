//! SIGTERM: what is under way is finished, and nothing is done that nobody hears of.

use std::{process::Stdio, sync::mpsc, thread};

use fiml_tests::{
    place::Place,
    recorded::Asked,
    support::{Client, send_signal},
};
use serde_json::json;

use crate::{
    caller::{Caller, MODERN, Outcome},
    server::Server,
};

const CLIENTS: usize = 16;

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
fn an_idle_server_ends_at_once_and_in_order() {
    let place = Place::embedded();
    let server = Server::start(place.fiml());
    let idle = server.connect();
    let mut caller = Caller::connect(server.address(), MODERN).unwrap();
    caller.create();
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    drop(idle);
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

fiml_tests::in_every_place! {
    every_search_that_was_carried_out_was_answered_before_a_server_under_load_ended,
}
