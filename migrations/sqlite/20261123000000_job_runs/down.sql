PRAGMA user_version = 1;

DROP TABLE job_runs;
