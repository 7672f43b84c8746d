-- The runs of background jobs.

PRAGMA user_version = 2;

-- `state` is 'held', 'postponed', 'succeeded' or 'failed'. `state_at` is the end of the lease, when it is
-- tried again, or when it ended. `token` is that of the last hold; a run that was only recorded has none.
-- `report` is JSON: counts and the error of the last attempt.
CREATE TABLE job_runs (
    job TEXT NOT NULL,
    tick INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    holder TEXT NOT NULL,
    token BLOB,
    started_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'postponed', 'succeeded', 'failed')),
    state_at INTEGER NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (job, tick)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX job_runs_unfinished ON job_runs (job) WHERE state IN ('held', 'postponed');
CREATE INDEX job_runs_by_tick ON job_runs (tick, job);
