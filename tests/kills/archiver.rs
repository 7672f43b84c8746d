//! Processes that archive, bring back and delete, killed at every step of the protocol and at any moment,
//! while others go on living on the same sessions.

use std::time::Instant;

use fiml_testkit::checker::Outcome;

use crate::{
    ALL,
    ledger::{append, tally},
    live::Life,
    rounds::Rounds,
    verdict::Verdict,
    world::World,
};

const SIDES: [&str; 2] = ["before", "after"];
const ARCHIVING: [&str; 4] = ["stage", "remove_unchanged", "settle", "discard"];
const RESTORING: [&str; 3] = ["claim_restore", "insert", "confirm_restore"];
const DELETING: [&str; 2] = ["bury", "remove"];
/// How many sessions one deleting process is given.
const GIVEN: usize = 4;
/// How many of the contested sessions stay live to the end.
const KEPT: usize = 20;

async fn kill_at_every_step(rounds: &mut Rounds<'_>, world: &World) {
    let mut condemned = world.condemned.chunks(GIVEN);
    let mut next = || condemned.next().unwrap();
    for calls in [1, 5] {
        for step in ARCHIVING {
            for side in SIDES {
                rounds.archiving(side, step, calls).await;
            }
            // Some are deleted by a process that lives.
            rounds.delete(next()[0]).await;
        }
    }
    for calls in [1, 3] {
        for step in RESTORING {
            for side in SIDES {
                rounds.restoring(side, step, calls).await;
            }
        }
    }
    for step in DELETING {
        for side in SIDES {
            rounds.deleting(side, step, next()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_killed_at_every_step_and_at_any_moment_lose_double_and_raise_nothing() {
    let begun = Instant::now();
    let world = World::new().await;
    let life = Life::begin(&world);
    let mut rounds = Rounds::on(&world, 7);
    kill_at_every_step(&mut rounds, &world).await;
    let seen = life.end().await;
    let Rounds {
        kills,
        deletions,
        mut ledger,
        ..
    } = rounds;
    ledger.merge(seen.ledger);
    println!("{} processes killed: {kills}", kills.all());

    // Some are brought back to stay.
    let unhurried = world.unhurried();
    for (&id, n) in world.contested.iter().zip(0..KEPT) {
        unhurried
            .extend_session(&ALL, id, 24.0, None)
            .await
            .unwrap();
        let value = format!("kept-{n}");
        append(&unhurried, id, &value, false).await.unwrap();
        ledger.note("keeper", id, &value, Outcome::Acknowledged);
    }
    world.catch_up();
    let first = unhurried.cleanup_expired_sessions().await.unwrap();
    let verdict = Verdict::of(&world, &ledger, &deletions).await;
    verdict.must_be_sound();
    world.pass_the_hold();
    let second = unhurried.cleanup_expired_sessions().await.unwrap();
    let verdict = Verdict::of(&world, &ledger, &deletions).await;

    let [lost, twice, other] = tally(&verdict.violations);
    println!(
        "{} sessions: {} live, {} archived, {} deleted; {} in both tiers, {} in neither, {} risen",
        world.everybody().count(),
        verdict.live.len(),
        verdict.archived.len(),
        verdict.deleted.len(),
        verdict.twice_there.len(),
        verdict.nowhere.len(),
        verdict.risen.len()
    );
    println!(
        "{} appends acknowledged, {} refused, {} unknown; {lost} lost, {twice} twice, {other} otherwise wrong",
        ledger.count(Outcome::Acknowledged),
        ledger.count(Outcome::Refused),
        ledger.count(Outcome::Unknown),
    );
    println!(
        "meanwhile {} reads, {} sessions brought back, {} calls repeated under their key, {} wrong answers; {:?}",
        seen.reads,
        seen.extended,
        seen.repeated,
        seen.wrong.len(),
        begun.elapsed()
    );
    assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong);
    verdict.must_be_sound();
    verdict.must_be_in_one_tier();
    verdict.must_be_counted_once(&world).await;
    assert_eq!((first.quarantined, second.quarantined), (0, 0));
    assert_eq!(verdict.live.len(), KEPT + world.calm.len());
    assert!(kills.all() >= 50, "{kills}");
}
