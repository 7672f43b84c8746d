//! Jobs, run here or by a process that kills itself.

use std::{
    collections::BTreeSet, num::NonZeroUsize, os::unix::process::ExitStatusExt, process::Command,
    sync::Arc, time::Duration,
};

use fiml_jobs::{DeleteOldArchivedSessions, GenerateSessionMetrics, Job, JobContext};
use fiml_session_core::ManualClock;
use fiml_tests::orders::{Orders, Work};

use crate::{
    act::End,
    fuse::Death,
    world::{ALL, FIGURES_KEPT, World},
};

/// How long archived sessions are kept here.
const SESSIONS_KEPT: Duration = Duration::from_hours(3 * 24);
/// More than there ever are.
const EVERY: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

impl World {
    /// Has a job run, and notes which figures there are now.
    pub(crate) async fn run(&mut self, job: Work, end: End) {
        let has_purged = match end {
            End::Killed(death) => self.run_and_kill(job, death),
            End::Done => self.run_here(job, None).await,
            End::Gone(death) => self.run_here(job, Some(death)).await,
        };
        if job == Work::GenerateMetrics && self.is_on() {
            self.look_for_measured().await;
        }
        if has_purged {
            let kept = self.now().minus(FIGURES_KEPT);
            for life in &mut self.lives {
                life.has_figures &= life.session.created_at >= kept;
            }
        }
    }

    /// Whether figures were purged.
    async fn run_here(&self, job: Work, death: Option<Death>) -> bool {
        self.fuse.set(death);
        let upkeep = Arc::clone(&self.upkeep);
        let context = JobContext::by_hand(Arc::<ManualClock>::clone(&self.clock));
        match job {
            Work::CleanUp => drop(self.store.cleanup_expired_sessions().await),
            Work::DeleteOld => {
                let archive = Arc::clone(&self.store.stores().archive);
                let job = DeleteOldArchivedSessions::new(archive, upkeep, SESSIONS_KEPT);
                drop(job.run(&context).await);
            }
            Work::GenerateMetrics => {
                let job = GenerateSessionMetrics::new(self.store.clone(), upkeep);
                drop(job.run(&context).await);
            }
            other => panic!("{other:?} is no job"),
        }
        self.fuse.has_purged()
    }

    /// Has a process run it that kills itself, unless it comes to its end before; whether figures were purged.
    fn run_and_kill(&mut self, job: Work, death: Death) -> bool {
        let policy = self.store.policy();
        let orders = Orders {
            place: self.place.clone(),
            at: self.now(),
            longest_life: policy.limits.max_ttl,
            enable_analytics: policy.enable_analytics,
            figures_kept: policy.metrics_retention,
            sessions_kept: SESSIONS_KEPT,
            doom: death.doom(),
            work: job,
            sessions: Vec::new(),
        };
        let mut worker = Command::new(env!("CARGO_BIN_EXE_doomed_worker"));
        let ended = worker.arg(orders.word()).output().unwrap();
        let is_killed = ended.status.signal() == Some(9);
        let told = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(is_killed || ended.status.success(), "{ended:?}");
        assert!(told.starts_with("ready"), "{ended:?}");
        self.killed += u32::from(is_killed);
        told.contains("purged")
    }

    /// Has those that lie in the archive count that the job has measured.
    async fn look_for_measured(&mut self) {
        let (archive, upkeep) = (&self.bare.stores.archive, &self.bare.upkeep);
        let unmeasured = upkeep.unmeasured(None, EVERY).await.unwrap();
        let unmeasured: BTreeSet<_> = unmeasured.into_iter().collect();
        let unsettled = archive.unsettled(None, EVERY).await.unwrap();
        let unsettled: BTreeSet<_> = unsettled.into_iter().map(|row| row.id).collect();
        for life in &mut self.lives {
            let id = life.session.id;
            let lies_there = archive.get(&ALL, id).await.unwrap().is_some();
            life.has_figures |= lies_there && !unsettled.contains(&id) && !unmeasured.contains(&id);
        }
    }
}
