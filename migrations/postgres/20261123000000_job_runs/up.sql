-- The runs of background jobs.
--
-- `state_at` is the end of the lease, when it is tried again, or when it ended. `token` is that of the last
-- hold; a run that was only recorded has none. `report` is JSON, counts and the error of the last attempt;
-- text, because jsonb would refuse some errors.

CREATE TABLE job_runs (
    job text COLLATE "C" NOT NULL,
    tick timestamptz NOT NULL,
    attempt bigint NOT NULL CHECK (attempt > 0),
    holder text NOT NULL,
    token uuid,
    started_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('held', 'postponed', 'succeeded', 'failed')),
    state_at timestamptz NOT NULL,
    report text NOT NULL,
    PRIMARY KEY (job, tick)
);

CREATE UNIQUE INDEX job_runs_unfinished ON job_runs (job) WHERE state IN ('held', 'postponed');
CREATE INDEX job_runs_by_tick ON job_runs (tick, job);
