PRAGMA user_version = 3;

DROP TRIGGER session_metrics_changed;
DROP TRIGGER session_metrics_removed;
DROP TRIGGER session_metrics_added;
DROP INDEX session_metrics_by_type;
DROP TABLE metrics_rollups;
