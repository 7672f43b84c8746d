DROP TRIGGER session_metrics_changed ON session_metrics;
DROP TRIGGER session_metrics_removed ON session_metrics;
DROP TRIGGER session_metrics_added ON session_metrics;
DROP FUNCTION metrics_rollups_of_both();
DROP FUNCTION metrics_rollups_of_old();
DROP FUNCTION metrics_rollups_of_new();
DROP INDEX session_metrics_by_type;
DROP TABLE metrics_rollups;
