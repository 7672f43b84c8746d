//! Eight servers on one place, all writing to one session.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::{collections::BTreeSet, thread};

use fiml_tests::{place::Place, recorded::stored_seqs, support::Client};
use serde_json::{Value, json};

const PROCESSES: usize = 8;
const SEARCHES: usize = 200;

/// What became of the searches: the query numbers of those recorded, the reasons of the others.
fn search_from_all(place: &Place, limit: &str) -> (String, Vec<u64>, Vec<String>) {
    let settings = [("SESSION_MAX_QUERIES_PER_SESSION", limit)];
    let mut first = Client::start(place.fiml(), &settings);
    let session = first.create(&json!({"assets": ["AAPL"], "sessionType": "equity"}));
    let workers: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let (place, session, limit) = (place.clone(), session.clone(), limit.to_owned());
            thread::spawn(move || {
                let settings = [("SESSION_MAX_QUERIES_PER_SESSION", limit.as_str())];
                let mut client = Client::start(place.fiml(), &settings);
                let search = json!({"symbol": "AAPL", "sessionId": session});
                let answers =
                    (0..SEARCHES).map(|_| client.call("search-by-symbol", &search).unwrap());
                let tracked: Vec<Value> = answers
                    .map(|answer| {
                        assert_eq!(answer["cached"]["price"], 223.02, "{answer}");
                        answer["session"].clone()
                    })
                    .collect();
                client.close();
                tracked
            })
        })
        .collect();
    let answers: Vec<_> = workers
        .into_iter()
        .flat_map(|worker| worker.join().unwrap())
        .collect();
    let recorded = answers.iter().filter(|session| session["tracked"] == true);
    let numbers = recorded
        .map(|session| session["query_number"].as_u64().unwrap())
        .collect();
    let refused = answers.iter().filter(|session| session["tracked"] == false);
    let reasons = refused
        .map(|session| session["reason"].to_string())
        .collect();
    first.close();
    (session, numbers, reasons)
}

fn a_limit_of_1000_lets_in_exactly_1000_of_1600_searches_and_names_itself_to_the_others(
    place: &Place,
) {
    let (session, numbers, reasons) = search_from_all(place, "1000");
    assert_eq!((numbers.len(), reasons.len()), (1_000, 600));
    for reason in reasons {
        assert!(
            reason.contains("query_limit_reached") && reason.contains("1000"),
            "{reason}"
        );
    }
    let distinct: BTreeSet<_> = numbers.into_iter().collect();
    assert_eq!(
        distinct,
        (1..=1_000).collect(),
        "every number was given once"
    );
    assert_eq!(
        stored_seqs(place, &session),
        (1..=1_000).collect::<Vec<_>>()
    );
}

fn a_limit_of_2000_lets_in_all_1600_searches(place: &Place) {
    let (session, numbers, reasons) = search_from_all(place, "2000");
    assert_eq!(reasons, Vec::<String>::new());
    assert_eq!(
        numbers.into_iter().collect::<BTreeSet<_>>(),
        (1..=1_600).collect()
    );
    assert_eq!(
        stored_seqs(place, &session),
        (1..=1_600).collect::<Vec<_>>()
    );
}

fiml_tests::in_every_place! {
    a_limit_of_1000_lets_in_exactly_1000_of_1600_searches_and_names_itself_to_the_others,
    a_limit_of_2000_lets_in_all_1600_searches,
}
