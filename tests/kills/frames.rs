//! One connection shared by many tasks, broken in the middle of replies or slowed to single bytes: no reply
//! may go to another task than the one that asked.

use fiml_session_core::{Policy, SessionId, SessionStore};
use fiml_testkit::{
    checker::Outcome,
    proxy::{Fault, FaultProxy},
    servers::shared_redis,
};
use fiml_tests::place::Tiers;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    ALL, PATIENCE,
    ledger::{Ledger, append, must_be_none, tally, told, values},
    recovery::{may_be_repeated, until_answered},
    wire::through,
    world::create,
};

const TASKS: usize = 16;
const CALLS: usize = 40;

async fn behind_a_proxy() -> (FaultProxy, SessionStore) {
    let (proxy, tiers) = through(shared_redis().port(), &Tiers::shared()).await;
    let (store, _clock) = tiers.service(Policy::default()).await;
    (proxy, store)
}

/// What a task was told, and how many of its calls failed.
#[derive(Debug, Default)]
struct Told {
    ledger: Ledger,
    answered: usize,
    failed: usize,
}

/// Appends and reads in turn; whatever is answered must be about the task's own session.
async fn talk(store: SessionStore, id: SessionId, name: String, round: u64) -> Told {
    let (mut all, mut acknowledged) = (Told::default(), 0);
    let mark = format!("{name}-");
    for n in 0..CALLS {
        let ended = if n % 2 == 0 {
            let value = format!("{mark}{round}-{n}");
            let call = timeout(PATIENCE, append(&store, id, &value, false));
            let answer = call.await.expect("every call ends");
            all.ledger.note(&name, id, &value, told(&answer));
            answer.map(|answer| {
                let grown = answer.total_queries > acknowledged;
                assert!(grown, "{name} was given the answer to another append");
                acknowledged = answer.total_queries;
            })
        } else if n % 4 == 1 {
            let call = timeout(PATIENCE, store.get_session(&ALL, id));
            call.await.expect("every call ends").map(|session| {
                let own = values(&session)
                    .iter()
                    .all(|value| value.starts_with(&mark));
                assert!(own && session.id == id, "{name} was given {session:?}");
            })
        } else {
            let call = timeout(PATIENCE, store.overview(&ALL, id, 5));
            call.await.expect("every call ends").map(|found| {
                let mut recent = found.recent_queries.iter();
                let own = recent.all(|query| query.result_summary.starts_with(&mark));
                assert!(own && found.header.id == id, "{name} was given {found:?}");
            })
        };
        match ended {
            Ok(()) => all.answered += 1,
            Err(error) => {
                assert!(may_be_repeated(error.code()), "{}", error.chain());
                all.failed += 1;
            }
        }
    }
    all
}

/// All tasks talk at once.
async fn talk_together(store: &SessionStore, ids: &[SessionId], round: u64) -> Told {
    let mut tasks = JoinSet::new();
    for (number, &id) in ids.iter().enumerate() {
        tasks.spawn(talk(store.clone(), id, format!("t{number}"), round));
    }
    let mut all = Told::default();
    for told in tasks.join_all().await {
        all.ledger.merge(told.ledger);
        all.answered += told.answered;
        all.failed += told.failed;
    }
    all
}

/// Checks what the sessions hold, and prints it.
async fn check(what: &str, store: &SessionStore, ids: &[SessionId], told: &Told, faults: u64) {
    let mut violations = Vec::new();
    for &id in ids {
        let read = until_answered("a read", || store.get_session(&ALL, id)).await;
        violations.extend(told.ledger.check(&read.unwrap()));
    }
    let [lost, twice, other] = tally(&violations);
    println!(
        "{what}: {TASKS} tasks, {} calls answered, {} failed, {faults} connections cut; {} appends acknowledged, \
         {} unknown; {lost} lost, {twice} twice, {other} otherwise wrong",
        told.answered,
        told.failed,
        told.ledger.count(Outcome::Acknowledged),
        told.ledger.count(Outcome::Unknown),
    );
    must_be_none(&violations);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reply_goes_to_another_task_when_connections_break_in_the_middle_of_replies() {
    let (proxy, store) = behind_a_proxy().await;
    let ids = create(&store, TASKS, 24.0).await;
    let mut told = Told::default();
    for seed in 1..=6 {
        proxy.set(Fault::CutSomeReplies { one_in: 12, seed });
        let round = talk_together(&store, &ids, seed).await;
        told.ledger.merge(round.ledger);
        told.answered += round.answered;
        told.failed += round.failed;
    }
    proxy.set(Fault::None);
    assert!(proxy.faults() >= 6 && told.answered > 0);
    check("cut by chance", &store, &ids, &told, proxy.faults()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reply_goes_to_another_task_when_replies_come_byte_by_byte() {
    let (proxy, store) = behind_a_proxy().await;
    let ids = create(&store, TASKS, 24.0).await;
    proxy.set(Fault::ByteByByte);
    let told = talk_together(&store, &ids, 0).await;
    check("byte by byte", &store, &ids, &told, proxy.faults()).await;
    proxy.set(Fault::None);
    assert_eq!(told.failed, 0);
}
