//! Redis without us: `redis-benchmark` with 32 clients, each of which sends one command at a time.

use std::process::Command;

use fiml_session_core::SessionId;
use fiml_testkit::servers::RedisServer;

/// What `redis-benchmark` puts in the place of `__rand_int__`: twelve digits.
pub(crate) const PLACE: &str = "__rand_int__";
const PLACE_DIGITS: usize = 12;

/// Copies of sessions' keys, under names as long as theirs that `redis-benchmark` can count through.
#[derive(Debug)]
pub(crate) struct Copies {
    stem: String,
    sessions: Vec<String>,
}

impl Copies {
    /// The keys of these sessions, to be copied.
    pub(crate) fn of(server: &RedisServer, sessions: &[SessionId]) -> Self {
        let names = sessions.iter().map(|id| {
            let found = server.command(&["KEYS", &format!("*:{id}:h")]);
            found.strip_suffix('h').unwrap().to_owned()
        });
        let sessions: Vec<_> = names.collect();
        let padding = sessions[0].len() - PLACE_DIGITS - ":".len();
        Self {
            stem: "x".repeat(padding),
            sessions,
        }
    }

    /// Makes the copies, or makes them anew.
    pub(crate) fn refresh(&self, server: &RedisServer) {
        for (n, session) in self.sessions.iter().enumerate() {
            for part in ["h", "q"] {
                let (from, to) = (
                    format!("{session}{part}"),
                    format!("{}{n:012}:{part}", self.stem),
                );
                assert_eq!(server.command(&["COPY", &from, &to, "REPLACE"]), "1");
            }
        }
    }

    /// The name of a key of any of the copies.
    pub(crate) fn key(&self, part: &str) -> String {
        format!("{}{PLACE}:{part}", self.stem)
    }

    /// One of the sessions' own keys.
    pub(crate) fn original(&self, part: &str) -> String {
        format!("{}{part}", self.sessions[0])
    }

    /// How often a second the server runs a script on the headers and queries of the copies.
    pub(crate) fn rate(
        &self,
        server: &RedisServer,
        script: &str,
        calls: usize,
        arguments: &[&str],
    ) -> f64 {
        let hash = server.command(&["SCRIPT", "LOAD", script]);
        let mut benchmark = Command::new("redis-benchmark");
        benchmark
            .args(["-p", &server.port().to_string(), "-c", "32", "--csv"])
            .args([
                "-n",
                &calls.to_string(),
                "-r",
                &self.sessions.len().to_string(),
            ])
            .args(["evalsha", &hash, "2", &self.key("h"), &self.key("q")])
            .args(arguments);
        let output = benchmark.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let last = printed.lines().last().unwrap_or_default();
        let rate = last.split("\",\"").nth(1).map(str::parse);
        match rate {
            Some(Ok(rate)) => rate,
            _ => panic!("redis-benchmark printed {printed:?}"),
        }
    }
}

/// How many bytes a command on the server gives.
pub(crate) fn reply_bytes(server: &RedisServer, command: &str, key: &str, operand: &str) -> usize {
    let script = "return #redis.call(ARGV[1], KEYS[1], ARGV[2])";
    let told = server.command(&["EVAL", script, "1", key, command, operand]);
    told.parse().unwrap()
}
