//! SIGKILL under load: nothing that was acknowledged is lost, and nothing comes twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

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
    let condemned = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (session, answered) = (session.to_owned(), answered.clone());
            let condemned = Arc::clone(&condemned);
            thread::spawn(move || {
                let (mut asked, mut under_way) = (Asked::default(), false);
                let Ok(mut caller) = Caller::connect(address, MODERN) else {
                    return (asked, under_way);
                };
                for n in 0.. {
                    let marker = format!("{round}-{client}-{n}");
                    let search = json!({"symbol": "IBM", "market": marker, "sessionId": session});
                    if caller.send_call("search-by-symbol", &search).is_err() {
                        break;
                    }
                    let sent_in_time = !condemned.load(Ordering::SeqCst);
                    match caller.outcome() {
                        Outcome::Answered(answer) => {
                            let number = answer["session"]["query_number"].as_u64();
                            asked.note(marker, Some(number.unwrap()));
                            // Nobody listens once enough have come.
                            let _ = answered.send(());
                        }
                        Outcome::Refused(reply) => panic!("{reply:?}"),
                        Outcome::Unanswered => {
                            asked.note(marker, None);
                            under_way = sent_in_time;
                            break;
                        }
                    }
                }
                (asked, under_way)
            })
        })
        .collect();
    // Another moment each time, and always one at which it is at work.
    let enough = 100 + round * 7;
    assert_eq!(answers.iter().take(enough).count(), enough);
    condemned.store(true, Ordering::SeqCst);
    server.kill();
    let (mut all, mut under_way) = (Asked::default(), 0);
    for client in clients {
        let (asked, interrupted) = client.join().unwrap();
        all.extend(asked);
        under_way += usize::from(interrupted);
    }
    assert!(
        under_way > 0,
        "in round {round} no search was under way when the server was killed"
    );
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
