//! Processes killed with SIGKILL: nothing that was acknowledged may be lost, and nothing may come twice.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use fiml_tests::support::{Client, fiml, json_of, text};
use serde_json::{Value, json};

const SERVERS: usize = 8;
const ROUNDS: usize = 3;
const KILLS: usize = SERVERS * ROUNDS;

/// Searches until the server dies; the marker of every search with the number it was acknowledged under.
fn search_until_killed(data: &Path, session: &str, name: &str) -> Vec<(String, Option<u64>)> {
    let settings = [("SESSION_MAX_QUERIES_PER_SESSION", "1000000")];
    let mut client = Client::start(data, &settings);
    let mut searches = Vec::new();
    let pid = client.pid();
    let killer = thread::spawn({
        let delay = Duration::from_millis(250 + u64::from(pid % 7) * 60);
        move || {
            thread::sleep(delay);
            let kill = Command::new("kill")
                .args(["-KILL", &pid.to_string()])
                .status();
            assert!(kill.unwrap().success());
        }
    });
    for n in 0.. {
        let marker = format!("{name}-{n}");
        let search = json!({"symbol": "IBM", "market": marker, "sessionId": session});
        let answer = client.call("search-by-symbol", &search);
        let dead = answer.is_none();
        searches.push((
            marker,
            answer.map(|answer| answer["session"]["query_number"].as_u64().unwrap()),
        ));
        if dead {
            break;
        }
    }
    killer.join().unwrap();
    searches
}

#[test]
fn every_acknowledged_query_is_there_exactly_once_after_twenty_four_kills_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sessions.db");
    let mut first = Client::start(&data, &[]);
    let session = first.create(&json!({"assets": ["IBM"], "sessionType": "equity"}));
    first.close();

    let (mut acknowledged, mut unknown) = (BTreeMap::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        let workers: Vec<_> = (0..SERVERS)
            .map(|server| {
                let (data, session) = (data.clone(), session.clone());
                thread::spawn(move || {
                    search_until_killed(&data, &session, &format!("{round}-{server}"))
                })
            })
            .collect();
        for (marker, number) in workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
        {
            match number {
                Some(number) => drop(acknowledged.insert(marker, number)),
                None => drop(unknown.insert(marker)),
            }
        }
    }

    let shown = json_of(fiml(&data).args(["sessions", "show", &session]));
    let stored = shown["session"]["state"]["history"]["queries"]
        .as_array()
        .unwrap();
    let marker = |query: &Value| query["parameters"]["market"].as_str().unwrap().to_owned();
    let by_marker: BTreeMap<_, _> = stored
        .iter()
        .map(|query| (marker(query), query["seq"].as_u64().unwrap()))
        .collect();
    assert_eq!(by_marker.len(), stored.len(), "no query is there twice");
    let seqs: Vec<_> = stored
        .iter()
        .map(|query| query["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(
        seqs,
        (1..=stored.len() as u64).collect::<Vec<_>>(),
        "no gap"
    );
    for (marker, number) in &acknowledged {
        assert_eq!(
            by_marker.get(marker),
            Some(number),
            "{marker} was acknowledged"
        );
    }
    for marker in by_marker.keys() {
        assert!(
            acknowledged.contains_key(marker) || unknown.contains(marker),
            "{marker} was never sent"
        );
    }
    assert_eq!(
        unknown.len(),
        KILLS,
        "each server died with a search under way"
    );
    println!(
        "{KILLS} servers killed: {} acknowledged, 0 lost, 0 twice; {} of {} unanswered ones were stored",
        acknowledged.len(),
        stored.len() - acknowledged.len(),
        unknown.len()
    );
    let verified = fiml(&data).args(["db", "verify"]).output().unwrap();
    assert!(verified.status.success(), "{}", text(&verified));
}

/// Creates sessions that expire at once.
fn create_expired(data: &Path, count: usize) -> BTreeSet<String> {
    let mut client = Client::start(data, &[]);
    let new = json!({"assets": ["MSFT"], "sessionType": "macro", "ttlHours": 0.000_001});
    let ids = (0..count).map(|_| client.create(&new)).collect();
    client.close();
    ids
}

fn cleanup(data: &Path) -> Command {
    let mut cleanup = fiml(data);
    cleanup
        .args(["jobs", "run", "cleanup_expired_sessions"])
        .env("SESSION_ARCHIVE_GRACE_SECONDS", "0");
    cleanup
}

/// Every session there is, by id, with whether it is archived.
fn listed(data: &Path) -> Vec<(String, bool)> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let mut list = fiml(data);
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

#[test]
fn every_expired_session_is_archived_once_though_the_cleanup_is_killed_twenty_five_times() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sessions.db");
    let mut created = BTreeSet::new();
    let mut killed = 0;
    for attempt in 0..250_u64 {
        if killed == 25 {
            break;
        }
        if attempt % 5 == 0 {
            created.append(&mut create_expired(&data, 100));
        }
        let quiet = || Stdio::null();
        let mut job = cleanup(&data)
            .stdout(quiet())
            .stderr(quiet())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(8 + attempt * 7 % 40));
        // Where it was done already, the kill finds nobody and does not count.
        job.kill().unwrap();
        killed += u32::from(job.wait().unwrap().code().is_none());
    }
    assert_eq!(killed, 25);
    let done = cleanup(&data).output().unwrap();
    assert!(done.status.success(), "{}", text(&done));

    let sessions = listed(&data);
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
    let stats = json_of(fiml(&data).arg("stats"));
    assert_eq!(
        stats["total_sessions"],
        created.len(),
        "each is counted once"
    );
    println!(
        "cleanup killed 25 times: {} of {} sessions archived",
        sessions.len(),
        created.len()
    );
}

#[test]
fn two_cleanups_at_once_archive_every_session_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sessions.db");
    let created = create_expired(&data, 300);
    let start = Arc::new(Barrier::new(2));
    let jobs = [(), ()].map(|()| {
        let (data, start) = (data.clone(), Arc::clone(&start));
        thread::spawn(move || {
            start.wait();
            json_of(&mut cleanup(&data))
        })
    });
    for job in jobs {
        assert_eq!(job.join().unwrap()["quarantined"], 0);
    }
    let sessions = listed(&data);
    assert_eq!(sessions.len(), created.len());
    assert!(sessions.iter().all(|(_, archived)| *archived));
}
