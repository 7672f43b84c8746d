//! Whether the servers would keep what they acknowledge.

use std::cmp::Reverse;

use async_trait::async_trait;
use fiml_session_core::{
    Timestamp,
    store::{Finding, Health, Severity, StoreError, StoreHealth},
};
use redis::{Value, cmd};
use tracing::instrument;

use crate::{
    error::{STORE, corrupt},
    store::RedisStore,
};

#[async_trait]
impl StoreHealth for RedisStore {
    #[instrument(level = "debug", skip_all)]
    async fn health(&self) -> Result<Health, StoreError> {
        let call = self.reads(None);
        let told = self.link.every_primary(call, &cmd("INFO")).await?;
        let mut ask = cmd("CONFIG");
        ask.arg("GET").arg("appendfsync");
        // Where a provider keeps CONFIG to itself, the rest is still worth saying.
        let synced = self.link.every_primary(call, &ask).await;
        let synced = synced.unwrap_or_default();
        let mut health = Health {
            store: STORE,
            version: String::new(),
            clock: None,
            findings: Vec::new(),
        };
        for (address, info) in told {
            let info = Info::read(info)?;
            if health.version.is_empty() {
                health.version = info.said("redis_version").unwrap_or("unknown").to_owned();
                let micros = info
                    .said("server_time_usec")
                    .and_then(|micros| micros.parse().ok());
                health.clock = micros.map(Timestamp::from_micros);
            }
            let sync = synced.iter().find(|(of, _)| *of == address);
            let sync = sync.and_then(|(_, sync)| read_setting(sync.clone()));
            let findings = [memory(&info), disk(&info), file(&info, sync.as_deref())];
            let at = address.map_or_else(String::new, |address| format!("{address}: "));
            for mut finding in findings.into_iter().flatten() {
                finding.found.insert_str(0, &at);
                health.findings.push(finding);
            }
        }
        health
            .findings
            .sort_by_key(|finding| Reverse(finding.severity));
        Ok(health)
    }
}

/// The answer to INFO: lines of a name, a colon and a value.
struct Info(String);

impl Info {
    fn read(answer: Value) -> Result<Self, StoreError> {
        let text = redis::from_redis_value(answer);
        text.map(Self).map_err(|source| corrupt(None, source))
    }

    fn said(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }
}

fn read_setting(answer: Value) -> Option<String> {
    let pairs: Vec<(String, String)> = redis::from_redis_value(answer).ok()?;
    pairs.into_iter().next().map(|(_, value)| value)
}

fn finding(severity: Severity, found: impl Into<String>, remedy: &str) -> Option<Finding> {
    Some(Finding {
        severity,
        found: found.into(),
        remedy: remedy.to_owned(),
    })
}

fn memory(info: &Info) -> Option<Finding> {
    let policy = info
        .said("maxmemory_policy")
        .filter(|policy| *policy != "noeviction")?;
    finding(
        Severity::Danger,
        format!("maxmemory-policy is {policy}: sessions are thrown away when memory runs short"),
        "set maxmemory-policy noeviction",
    )
}

fn disk(info: &Info) -> Option<Finding> {
    let status = info
        .said("aof_last_write_status")
        .filter(|status| *status != "ok")?;
    finding(
        Severity::Danger,
        format!(
            "the last write to the append-only file went wrong (aof_last_write_status is {status})"
        ),
        "look into the server's log and make room on its disk",
    )
}

fn file(info: &Info, sync: Option<&str>) -> Option<Finding> {
    if info.said("aof_enabled") != Some("1") {
        return finding(
            Severity::Danger,
            "no append-only file is kept: acknowledged changes are lost when the server crashes",
            "set appendonly yes",
        );
    }
    match sync {
        Some("always") => finding(
            Severity::Note,
            "appendfsync is always: a change is on the disk before it is acknowledged",
            "",
        ),
        // Measured with a SIGKILL under load: in 4 of 50 some were lost.
        Some("everysec") => finding(
            Severity::Danger,
            "appendfsync is everysec: Redis acknowledges changes while it waits for a sync, so a crash may lose \
             those of the last two seconds",
            "set appendfsync always",
        ),
        Some(other) => finding(
            Severity::Warning,
            format!("appendfsync is {other}: a power cut may lose the changes of half a minute"),
            "set appendfsync always",
        ),
        None => finding(
            Severity::Note,
            "the server does not tell this user how often its append-only file is synced",
            "see that appendfsync is always",
        ),
    }
}
