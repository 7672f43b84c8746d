-- The file stays one of ours, and is empty.

PRAGMA user_version = 0;

DROP TABLE session_metrics;
DROP TABLE tombstones;
DROP TABLE archived_content;
DROP TABLE archived_labels;
DROP TABLE archived_sessions;
DROP TABLE reservations;
DROP TABLE answers;
DROP TABLE entries;
DROP TABLE session_counts;
DROP TABLE queries;
DROP TABLE session_labels;
DROP TABLE sessions;
