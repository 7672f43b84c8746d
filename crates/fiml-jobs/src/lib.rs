#![doc = include_str!("../README.md")]

mod cleanup_expired_sessions;

pub use cleanup_expired_sessions::CleanupExpiredSessions;
