//! Processes killed with SIGKILL: nothing that was acknowledged may be lost, and nothing may come twice.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![expect(clippy::print_stdout, reason = "the figures are what one wants to see")]

use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    process::{Command, Stdio},
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use fiml_session_core::{
    NewSession, Policy, SessionStore, SessionType, Stores, SystemClock,
    store::{Page, Scope, SessionFilter},
};
use fiml_tests::{
    place::Place,
    recorded::Asked,
    support::{Client, json_of, send_signal},
};
use serde_json::json;
use tokio::task::JoinSet;

const SERVERS: usize = 8;
const ROUNDS: usize = 3;
const KILLS: usize = SERVERS * ROUNDS;

/// Searches until the server dies.
fn search_until_killed(place: &Place, session: &str, name: &str) -> Asked {
    let settings = [("SESSION_MAX_QUERIES_PER_SESSION", "1000000")];
    let mut client = Client::start(place.fiml(), &settings);
    let mut asked = Asked::default();
    let pid = client.pid();
    let killer = thread::spawn({
        let delay = Duration::from_millis(250 + u64::from(pid % 7) * 60);
        move || {
            thread::sleep(delay);
            send_signal(pid, "-KILL");
        }
    });
    for n in 0.. {
        let marker = format!("{name}-{n}");
        let search = json!({"symbol": "IBM", "market": marker, "sessionId": session});
        let answer = client.call("search-by-symbol", &search);
        let number = answer.map(|answer| answer["session"]["query_number"].as_u64().unwrap());
        asked.note(marker, number);
        if number.is_none() {
            break;
        }
    }
    killer.join().unwrap();
    asked
}

fn every_acknowledged_query_is_there_exactly_once_after_twenty_four_kills_under_load(
    place: &Place,
) {
    let mut first = Client::start(place.fiml(), &[]);
    let session = first.create(&json!({"assets": ["IBM"], "sessionType": "equity"}));
    first.close();

    let mut asked = Asked::default();
    for round in 0..ROUNDS {
        let workers: Vec<_> = (0..SERVERS)
            .map(|server| {
                let (place, session) = (place.clone(), session.clone());
                thread::spawn(move || {
                    search_until_killed(&place, &session, &format!("{round}-{server}"))
                })
            })
            .collect();
        for worker in workers {
            asked.extend(worker.join().unwrap());
        }
    }
    assert_eq!(
        asked.unanswered(),
        KILLS,
        "each server died with a search under way"
    );
    let stored = asked.check(place, &session);
    println!(
        "{KILLS} servers killed: {} acknowledged, 0 lost, 0 twice; {} of {} unanswered ones were stored",
        asked.acknowledged(),
        stored - asked.acknowledged(),
        asked.unanswered()
    );
}

/// Creates sessions that expire at once, all together.
fn create_expired(place: &Place, count: usize) -> BTreeSet<String> {
    let mut new = NewSession::new(SessionType::Macro, ["MSFT"]);
    new.ttl_hours = Some(0.000_001);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = SessionStore::new(
            place.stores().await,
            Policy::default(),
            Arc::new(SystemClock),
        );
        let mut created = JoinSet::new();
        for _ in 0..count {
            let (store, new) = (store.clone(), new.clone());
            created.spawn(async move { store.create_session(&Scope::All, &new, None).await });
        }
        let created = created.join_all().await.into_iter();
        created
            .map(|created| created.unwrap().session.id.to_string())
            .collect()
    })
}

fn cleanup(place: &Place) -> Command {
    let mut cleanup = place.fiml();
    cleanup
        .args(["jobs", "run", "cleanup_expired_sessions"])
        .env("SESSION_ARCHIVE_GRACE_SECONDS", "0");
    cleanup
}

/// Every session there is, by id, with whether it is archived.
fn listed(place: &Place) -> Vec<(String, bool)> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let mut list = place.fiml();
        list.args(["sessions", "list", "--include-archived", "--limit", "200"]);
        list.args(
            cursor
                .iter()
                .flat_map(|cursor: &String| ["--cursor", cursor]),
        );
        let page = json_of(&mut list);
        for session in page["sessions"].as_array().unwrap() {
            let id = session["session_id"].as_str().unwrap().to_owned();
            found.push((id, session["is_archived"] == true));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return found,
        }
    }
}

/// How many sessions are live, and how many have settled in the archive; one on its way is live only.
fn held(place: &Place) -> (u64, u64) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let Stores {
            active, archive, ..
        } = place.stores().await;
        let (any, limit) = (
            SessionFilter::default(),
            NonZeroUsize::new(100_000).unwrap(),
        );
        let live = active.ids(&Scope::All, &any, limit).await.unwrap();
        let archived = archive.list(&Scope::All, &any, Page { after: None, limit });
        let settled = archived.await.unwrap().into_iter();
        let settled = settled.filter(|row| row.is_settled).count();
        (live.len() as u64, settled as u64)
    })
}

/// How many expired sessions each cleanup that is to be killed finds.
const EXPIRED: u64 = 300;
const CLEANUP_KILLS: u32 = 25;

fn every_expired_session_is_archived_once_though_the_cleanup_is_killed_twenty_five_times(
    place: &Place,
) {
    let mut created = create_expired(place, usize::try_from(EXPIRED).unwrap());
    // One that is left alone says how long the others take.
    let started = Instant::now();
    let whole = json_of(&mut cleanup(place));
    let mut middle = started.elapsed() / 2;
    assert_eq!(whole["archived"], EXPIRED);

    let (mut killed, mut attempts, mut half_way) = (0, 0_u32, 0);
    let mut live = 0;
    while killed < CLEANUP_KILLS {
        attempts += 1;
        assert!(
            attempts <= 100,
            "only {killed} kills counted in 100 attempts"
        );
        let missing = usize::try_from(EXPIRED - live).unwrap();
        created.append(&mut create_expired(place, missing));
        let mut job = cleanup(place)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Around the middle of the work, another place each time.
        thread::sleep(middle.mul_f64(0.8 + f64::from(attempts * 7 % 20) * 0.02));
        job.kill().unwrap();
        let by_the_signal = job.wait().unwrap().code().is_none();
        let archived;
        (live, archived) = held(place);
        // It counts where the cleanup was at work: it has archived some sessions, and others are left.
        if by_the_signal && (1..EXPIRED).contains(&live) {
            killed += 1;
            half_way += u32::from(live + archived > created.len() as u64);
        } else if live == EXPIRED {
            middle = middle.mul_f64(1.2);
        } else {
            middle = middle.mul_f64(0.85);
        }
    }
    let done = json_of(&mut cleanup(place));
    assert_eq!(done["quarantined"], 0);

    let sessions = listed(place);
    let distinct: BTreeSet<_> = sessions.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(
        sessions.len(),
        distinct.len(),
        "each is listed exactly once"
    );
    assert_eq!(distinct, created, "none is missing");
    assert!(
        sessions.iter().all(|(_, archived)| *archived),
        "all are archived"
    );
    let stats = json_of(place.fiml().arg("stats"));
    assert_eq!(
        stats["total_sessions"],
        created.len(),
        "each is counted once"
    );
    assert_eq!(held(place), (0, created.len() as u64));
    println!(
        "cleanup killed {killed} times at work, in {attempts} attempts, {half_way} times with a session half-way: \
         {} of {} sessions archived",
        sessions.len(),
        created.len()
    );
}

fn two_cleanups_at_once_archive_every_session_once(place: &Place) {
    let created = create_expired(place, 300);
    let start = Arc::new(Barrier::new(2));
    let jobs = [(), ()].map(|()| {
        let (place, start) = (place.clone(), Arc::clone(&start));
        thread::spawn(move || {
            start.wait();
            json_of(&mut cleanup(&place))
        })
    });
    let reports = jobs.map(|job| job.join().unwrap());
    for report in &reports {
        assert_eq!(report["quarantined"], 0, "{report}");
    }
    let archived: u64 = reports
        .iter()
        .map(|report| report["archived"].as_u64().unwrap())
        .sum();
    assert_eq!(
        archived,
        created.len() as u64,
        "each is counted by the one that moved it: {reports:?}"
    );
    let sessions = listed(place);
    assert_eq!(sessions.len(), created.len());
    assert!(sessions.iter().all(|(_, archived)| *archived));
}

fiml_tests::in_every_place! {
    every_acknowledged_query_is_there_exactly_once_after_twenty_four_kills_under_load,
    every_expired_session_is_archived_once_though_the_cleanup_is_killed_twenty_five_times,
    two_cleanups_at_once_archive_every_session_once,
}
