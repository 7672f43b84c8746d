DROP TABLE session_metrics;
DROP TABLE sessions;
