//! A job that takes its time.

use std::time::Duration;

use fiml_jobs::{Job, JobContext, JobReport, Schedule};
use fiml_session_core::store::BoxError;

/// Waits for two fifths of a second in eight steps, and counts them.
#[derive(Debug)]
pub(crate) struct Slow(pub(crate) Schedule);

impl Job for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn summary(&self) -> &str {
        "waits"
    }

    fn schedule(&self) -> Schedule {
        self.0
    }

    async fn run(&self, context: &JobContext) -> Result<JobReport, BoxError> {
        for step in 0..8 {
            if context.is_stopping() {
                let report = JobReport::default().counting("steps", step);
                return Ok(JobReport {
                    is_unfinished: true,
                    ..report
                });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(JobReport::default().counting("steps", 8))
    }
}
