//! What one call costs, beside a call of a tool that does nothing.

use std::{
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use fiml_session_core::{
    NewSession, Policy, SessionStore, SessionType, Stores, SystemClock, store::Scope,
};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use serde_json::{Value, json};

use crate::{
    caller::{Caller, MODERN},
    exchange, nothing,
    process::Server,
    report::{Side, compare},
    workload::query,
};

const ROUNDS: usize = 7;
/// Real closing prices.
const PRICES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/fiml/data/stocks.csv"
);
const CALLERS: usize = 16;
/// Calls of each caller in a round.
const EACH: usize = 1_000;
/// As long as the other side of a connection may keep an acknowledgement back, less a little.
const DELAYED: Duration = Duration::from_millis(35);

/// A session with ten queries in this file, as arguments of a call.
fn session(file: &Path) -> Value {
    let made = async {
        let sqlite = SqliteStore::connect(SqliteConfig::new(file)).await.unwrap();
        let stores = Stores::single(Arc::new(sqlite));
        let store = SessionStore::new(stores, Policy::default(), Arc::new(SystemClock));
        let store = store.scoped(Scope::Owner("local".parse().unwrap()));
        let new = NewSession::new(SessionType::Equity, ["AAPL"]);
        let mut session = store.create_session(new).await.unwrap();
        (0..10).for_each(|n| session.add_query(query(n)));
        store.update_session(&mut session).await.unwrap();
        json!({"sessionId": session.id})
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(made)
}

fn calls(server: &Server, tool: &'static str, arguments: &Value) {
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let mut caller = Caller::connect(server.address, MODERN).unwrap();
                for _ in 0..EACH {
                    caller.answer(tool, arguments);
                }
            });
        }
    });
}

/// Processor time of the server, in microseconds a call.
fn cost(server: &Server, tool: &'static str, arguments: &Value) -> f64 {
    let before = server.processor_micros();
    calls(server, tool, arguments);
    (server.processor_micros() - before) as f64 / (CALLERS * EACH) as f64
}

pub(crate) fn beside_a_tool_that_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db");
    let asked = session(&file);
    let product = Server::product(&file, &[]);
    beside(
        &product,
        ("get-session-info", &asked),
        ("get-session-info, SQLite", "at most 2"),
    );
}

/// A search that memory answers: of a provider, which is a server of this program, and of a price file.
pub(crate) fn warm_search_beside_a_tool_that_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = exchange::open();
    let of_provider = [
        ("FIML_PROVIDERS", "coinbase"),
        ("FIML_COINBASE_URL", exchange.as_str()),
    ];
    let product = Server::product(&folder.path().join("provider.db"), &of_provider);
    let asked = json!({"symbol": "BTC", "pair": "USD"});
    beside(
        &product,
        ("search-by-coin", &asked),
        ("search, warm, of a provider", "at most 3"),
    );
    let of_file = [("FIML_PRICES", PRICES)];
    let product = Server::product(&folder.path().join("file.db"), &of_file);
    beside(
        &product,
        ("search-by-symbol", &json!({"symbol": "AAPL"})),
        ("search, warm, of a file", "at most 3"),
    );
}

fn beside(product: &Server, (tool, asked): (&'static str, &Value), (label, target): (&str, &str)) {
    let (empty, none) = (Server::nothing(), json!({}));
    let mut ratios = Vec::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let ours_now = cost(product, tool, asked);
        let theirs_now = cost(&empty, nothing::TOOL, &none);
        if round > 0 {
            ours.push(ours_now);
            theirs.push(theirs_now);
            ratios.push(ours_now / theirs_now);
        }
    }
    for values in [&mut ours, &mut theirs, &mut ratios] {
        values.sort_by(f64::total_cmp);
    }
    let middle = ROUNDS / 2;
    println!("processor time of the server in a call, {CALLERS} callers at once");
    println!("  {label:<28}  {:>7.1} µs", ours[middle]);
    println!("  a tool that does nothing      {:>7.1} µs", theirs[middle]);
    let (low, high) = (ratios[0], ratios[ROUNDS - 1]);
    println!(
        "  ratio {:.2} [{low:.2} … {high:.2}]   target: {target}\n",
        ratios[middle]
    );
}

/// No answer may wait for an acknowledgement that the client delays.
pub(crate) fn one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db");
    let (asked, none) = (session(&file), json!({}));
    let (product, empty) = (Server::product(&file, &[]), Server::nothing());
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    let mut delayed = 0;
    for round in 0..=ROUNDS {
        for (server, tool, arguments, side) in [
            (&product, "get-session-info", &asked, &mut ours),
            (&empty, nothing::TOOL, &none, &mut theirs),
        ] {
            let mut caller = Caller::connect(server.address, MODERN).unwrap();
            let times = (0..EACH).map(|_| {
                let started = Instant::now();
                caller.answer(tool, arguments);
                started.elapsed()
            });
            let times: Vec<_> = times.collect();
            if round > 0 {
                delayed += times.iter().filter(|time| **time > DELAYED).count();
                side.push(times);
            }
        }
    }
    compare(
        "a call on a connection that is kept, one after the other",
        ("get-session-info, SQLite", &ours),
        ("a tool that does nothing", &theirs),
        "none; no answer waits for a delayed acknowledgement",
    );
    println!(
        "  answers that took longer than {DELAYED:?}: {delayed} of {}\n",
        2 * ROUNDS * EACH
    );
}
