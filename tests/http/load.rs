//! Many clients at once on one session.

use std::{collections::BTreeSet, thread};

use fiml_tests::{place::Place, recorded::stored_seqs};
use serde_json::{Value, json};

use crate::{
    caller::{Caller, MODERN},
    server::Server,
};

const CLIENTS: usize = 32;
const SEARCHES: usize = 50;

fn a_limit_of_1000_lets_in_exactly_1000_of_the_1600_searches_of_32_clients(place: &Place) {
    let settings = [("SESSION_MAX_QUERIES_PER_SESSION", "1000")];
    let server = Server::start_with(place.fiml(), &settings);
    let address = server.address();
    let session = Caller::connect(address, MODERN).unwrap().create();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            let search = json!({"symbol": "IBM", "sessionId": session});
            let version = if n % 2 == 0 { MODERN } else { "2025-11-25" };
            thread::spawn(move || {
                let mut caller = Caller::connect(address, version).unwrap();
                let searches = (0..SEARCHES).map(|_| caller.answer("search-by-symbol", &search));
                searches
                    .map(|answer| answer["session"].clone())
                    .collect::<Vec<Value>>()
            })
        })
        .collect();
    let tracked: Vec<_> = clients
        .into_iter()
        .flat_map(|client| client.join().unwrap())
        .collect();
    let (recorded, refused): (Vec<_>, Vec<_>) = tracked
        .iter()
        .partition(|session| session["tracked"] == true);
    assert_eq!((recorded.len(), refused.len()), (1_000, 600));
    for session in refused {
        let reason = session["reason"].as_str().unwrap();
        assert!(
            reason.contains("query_limit_reached") && reason.contains("1000"),
            "{reason}"
        );
    }
    let numbers = recorded
        .iter()
        .map(|session| session["query_number"].as_u64().unwrap());
    let expected: Vec<_> = (1..=1_000).collect();
    assert_eq!(
        numbers.collect::<BTreeSet<_>>(),
        expected.iter().copied().collect()
    );
    assert_eq!(stored_seqs(place, &session), expected);
}

fiml_tests::in_every_place! {
    a_limit_of_1000_lets_in_exactly_1000_of_the_1600_searches_of_32_clients,
}
