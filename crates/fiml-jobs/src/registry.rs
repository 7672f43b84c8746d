//! The jobs that a program has.

use std::{fmt::Debug, pin::Pin, sync::Arc};

use fiml_session_core::{
    Invalid,
    store::{BoxError, JobName},
};

use crate::{
    job::{Job, JobContext, JobReport},
    schedule::Schedule,
};

/// The future of a run, boxed once for whoever runs it.
pub(crate) type Run<'a> = Pin<Box<dyn Future<Output = Result<JobReport, BoxError>> + Send + 'a>>;

/// A job behind a pointer.
trait AnyJob: Debug + Send + Sync {
    fn summary(&self) -> &str;
    fn schedule(&self) -> Schedule;
    fn run<'a>(&'a self, context: &'a JobContext) -> Run<'a>;
}

impl<J: Job> AnyJob for J {
    fn summary(&self) -> &str {
        Job::summary(self)
    }

    fn schedule(&self) -> Schedule {
        Job::schedule(self)
    }

    fn run<'a>(&'a self, context: &'a JobContext) -> Run<'a> {
        Box::pin(Job::run(self, context))
    }
}

/// A job with its proven name; a handle.
#[derive(Debug, Clone)]
pub struct RegisteredJob {
    name: JobName,
    job: Arc<dyn AnyJob>,
}

impl RegisteredJob {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &JobName {
        &self.name
    }

    /// What it does, in one line.
    #[must_use]
    pub fn summary(&self) -> &str {
        self.job.summary()
    }

    /// When it is due.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        self.job.schedule()
    }

    pub(crate) fn run<'a>(&'a self, context: &'a JobContext) -> Run<'a> {
        self.job.run(context)
    }
}

/// The jobs that a program has, each under a name of its own.
#[derive(Debug, Clone, Default)]
pub struct JobRegistry(Vec<RegisteredJob>);

impl JobRegistry {
    /// No jobs.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The same with one job more; refused where its name is malformed or taken.
    pub fn with(mut self, job: impl Job) -> Result<Self, Invalid> {
        let name: JobName = job.name().parse()?;
        if self.find(&name).is_some() {
            let problem = format!("{name} is registered already");
            return Err(Invalid::malformed("job", problem, "a name of its own"));
        }
        let job = Arc::new(job);
        self.0.push(RegisteredJob { name, job });
        Ok(self)
    }

    /// The jobs, in the order they were registered.
    pub fn jobs(&self) -> impl Iterator<Item = &RegisteredJob> {
        self.0.iter()
    }

    /// The job of this name.
    #[must_use]
    pub fn find(&self, name: &JobName) -> Option<&RegisteredJob> {
        self.jobs().find(|job| job.name == *name)
    }
}
