//! Rounds of kills: processes that archive, bring back and delete, and where each of them dies.

use std::{collections::BTreeMap, fmt, time::Duration};

use fiml_session_core::SessionId;
use fiml_testkit::checker::Outcome;
use fiml_tests::orders::Work;
use tokio::{join, time::sleep};

use crate::{
    ALL,
    chance::Chance,
    ledger::{Ledger, append},
    verdict::Deletions,
    worker::Worker,
    world::World,
};

/// How long an archiver that is killed from outside works at most, in milliseconds.
const AT_MOST: u64 = 60;
/// How many calls to the protocol's steps an archiver that dies at any of them makes at most.
const ANY: u64 = 400;

/// Kills, by where they struck.
#[derive(Debug, Default)]
pub(crate) struct Kills(BTreeMap<String, u32>);

impl Kills {
    fn count(&mut self, place: impl Into<String>) {
        *self.0.entry(place.into()).or_default() += 1;
    }

    pub(crate) fn all(&self) -> u32 {
        self.0.values().sum()
    }
}

impl fmt::Display for Kills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.0.iter();
        let places: Vec<_> = places
            .map(|(place, times)| format!("{place} {times}"))
            .collect();
        f.write_str(&places.join(", "))
    }
}

/// Rounds of kills on a world.
pub(crate) struct Rounds<'a> {
    world: &'a World,
    chance: Chance,
    pub(crate) kills: Kills,
    pub(crate) deletions: Deletions,
    pub(crate) ledger: Ledger,
}

impl<'a> Rounds<'a> {
    pub(crate) fn on(world: &'a World, seed: u64) -> Self {
        Self {
            world,
            chance: Chance::new(seed),
            kills: Kills::default(),
            deletions: Deletions::default(),
            ledger: Ledger::default(),
        }
    }

    /// Two archivers at once: one dies at a step, the other at any.
    pub(crate) async fn archiving(&mut self, side: &str, step: &str, calls: u64) {
        let discards = step == "discard";
        if discards {
            self.leave_something_to_discard().await;
        }
        let mut one = self.archiver(&format!("{side}:{step}:{calls}"));
        if discards {
            // It begins with what was left, and the other must not have that before it.
            one = one.ready().await;
        }
        let any = format!("after:any:{}", 1 + self.chance.below(ANY));
        let other = self.archiver(&any);
        join!(one.death(), other.death());
        self.kills.count(format!("{side} {step}"));
        self.kills.count("archiver at any step");
    }

    /// One process brings sessions back and dies at a step; an archiver is killed at any moment.
    pub(crate) async fn restoring(&mut self, side: &str, step: &str, calls: u64) {
        let archiver = self.archiver("never").ready().await;
        let sessions = &self.world.contested;
        let one = self.caller(&format!("{side}:{step}:{calls}"), Work::Extend, sessions);
        one.death().await;
        self.kills.count(format!("{side} {step}"));
        self.kill_at_any_moment(archiver).await;
    }

    /// One process deletes and dies at a step; an archiver is killed at any moment.
    pub(crate) async fn deleting(&mut self, side: &str, step: &str, given: &[SessionId]) {
        let archiver = self.archiver("never").ready().await;
        let calls = 1 + self.chance.below(given.len() as u64);
        let one = self.caller(&format!("{side}:{step}:{calls}"), Work::Delete, given);
        let done = one.death().await;
        self.kills.count(format!("{side} {step}"));
        // Of those that it did not say to be done, only the next was begun.
        self.deletions.unknown.extend(given.get(done.len()));
        self.deletions.acknowledged.extend(done);
        self.kill_at_any_moment(archiver).await;
    }

    /// Deletes a session from the process of the test.
    pub(crate) async fn delete(&mut self, id: SessionId) {
        let deleted = self.world.store.delete_session(&ALL, id).await;
        assert!(deleted.unwrap(), "{id} was there");
        self.deletions.acknowledged.insert(id);
    }

    fn archiver(&self, doom: &str) -> Worker {
        let world = self.world;
        Worker::start(&world.tiers, world.ahead(), doom, Work::Sweep, &[])
    }

    fn caller(&self, doom: &str, work: Work, sessions: &[SessionId]) -> Worker {
        let world = self.world;
        Worker::start(&world.tiers, world.store.now(), doom, work, sessions)
    }

    async fn kill_at_any_moment(&mut self, worker: Worker) {
        sleep(Duration::from_millis(self.chance.below(AT_MOST))).await;
        worker.kill().await;
        self.kills.count("archiver at any moment");
    }

    /// Rows whose sessions have changed since; writers leave some too, but nobody can wait for that.
    async fn leave_something_to_discard(&mut self) {
        let world = self.world;
        world.leave_staged(&world.calm).await;
        for &id in &world.calm {
            let value = format!("driver-{}-{id}", self.kills.all());
            append(&world.store, id, &value, true).await.unwrap();
            self.ledger
                .note("driver", id, &value, Outcome::Acknowledged);
        }
    }
}
