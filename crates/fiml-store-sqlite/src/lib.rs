//! Keeps live sessions, archived sessions and metrics in one SQLite file.
