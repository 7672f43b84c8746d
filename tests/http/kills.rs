//! SIGKILL under load: nothing that was acknowledged is lost, and nothing comes twice.

use std::{sync::mpsc, thread};

use fiml_tests::{place::Place, recorded::Asked};
use serde_json::json;

use crate::{
    caller::{Caller, MODERN, Outcome},
    server::Server,
};

const KILLS: usize = 20;
const CLIENTS: usize = 32;

/// Searches over HTTP from many clients until the server is killed.
fn search_until_killed(server: Server, session: &str, round: usize) -> Asked {
    let address = server.address();
    let (answered, answers) = mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (session, answered) = (session.to_owned(), answered.clone());
            thread::spawn(move || {
                let mut asked = Asked::default();
                let Ok(mut caller) = Caller::connect(address, MODERN) else {
                    return asked;
                };
                for n in 0.. {
                    let marker = format!("{round}-{client}-{n}");
                    let search = json!({"symbol": "IBM", "market": marker, "sessionId": session});
                    match caller.call("search-by-symbol", &search) {
                        Outcome::Answered(answer) => {
                            let number = answer["session"]["query_number"].as_u64();
                            asked.note(marker, Some(number.unwrap()));
                            // Nobody listens once enough have come.
                            let _ = answered.send(());
                        }
                        Outcome::Refused(reply) => panic!("{reply:?}"),
                        Outcome::Unanswered => {
                            asked.note(marker, None);
                            break;
                        }
                    }
                }
                asked
            })
        })
        .collect();
    // Another moment each time, and always one at which it is at work.
    let enough = 100 + round * 7;
    assert_eq!(answers.iter().take(enough).count(), enough);
    server.kill();
    let mut all = Asked::default();
    for client in clients {
        all.extend(client.join().unwrap());
    }
    all
}

fn every_acknowledged_query_is_there_exactly_once_after_twenty_kills_over_http(place: &Place) {
    let settings = [("SESSION_MAX_QUERIES_PER_SESSION", "1000000")];
    let first = Server::start(place.fiml());
    let session = Caller::connect(first.address(), MODERN).unwrap().create();
    first.kill();
    let mut all = Asked::default();
    for round in 0..KILLS {
        let server = Server::start_with(place.fiml(), &settings);
        all.extend(search_until_killed(server, &session, round));
    }
    assert!(
        all.unanswered() >= KILLS,
        "each server died with searches under way"
    );
    let stored = all.check(place, &session);
    println!(
        "{KILLS} servers killed: {} acknowledged, 0 lost, 0 twice; {} of {} unanswered ones were stored",
        all.acknowledged(),
        stored - all.acknowledged(),
        all.unanswered()
    );
}

fiml_tests::in_every_place! {
    every_acknowledged_query_is_there_exactly_once_after_twenty_kills_over_http,
}
