//! The scripts that change several keys at once.

use std::{fmt::Write, sync::LazyLock, time::Duration};

use fiml_session_core::{IdempotencyKey, Timestamp};
use redis::Cmd;

use crate::bytes::instant_bytes;

/// A script that servers know by the hash of its text.
pub(crate) struct Script {
    text: String,
    hash: String,
}

macro_rules! script {
    ($(#[$doc:meta])* $name:ident, $file:literal) => {
        $(#[$doc])*
        pub(crate) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::with_prelude(include_str!(concat!("scripts/", $file))));
    };
}

/// Appends queries; the hottest of all, so it does without functions, which are made anew on each call.
pub(crate) static APPEND: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/append.lua").to_owned()));

/// Appends a query to a session that is as it was last seen.
pub(crate) static APPEND_TO_SEEN: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/append_to_seen.lua").to_owned()));

script!(
    /// Applies a batch of changes.
    APPLY,
    "apply.lua"
);
script!(
    /// Stores a whole session.
    INSERT,
    "insert.lua"
);
script!(
    /// Reads a session.
    READ,
    "read.lua"
);
script!(
    /// Removes a session.
    REMOVE,
    "remove.lua"
);
script!(
    /// Forgets that a session was removed.
    SETTLE,
    "settle.lua"
);
script!(
    /// Sets a session aside.
    QUARANTINE,
    "quarantine.lua"
);
script!(
    /// Promises an id.
    RESERVE,
    "reserve.lua"
);

impl Script {
    fn with_prelude(body: &str) -> Self {
        let prelude = include_str!("scripts/prelude.lua");
        Self::new(format!("{}{prelude}\n{body}", constants()))
    }

    fn new(text: String) -> Self {
        let hash = redis::Script::new(&text).get_hash().to_owned();
        Self { text, hash }
    }

    /// The command that runs it by its hash.
    pub(crate) fn by_hash(&self, operands: &Operands) -> Cmd {
        operands.command("EVALSHA", &self.hash)
    }

    /// The command that runs it, and makes it known, by its text.
    pub(crate) fn by_text(&self, operands: &Operands) -> Cmd {
        operands.command("EVAL", &self.text)
    }
}

/// The keys and arguments of a script.
pub(crate) struct Operands {
    pub(crate) keys: Vec<String>,
    pub(crate) arguments: Vec<Vec<u8>>,
}

impl Operands {
    fn command(&self, name: &str, script: &str) -> Cmd {
        let arguments = self.keys.len() + self.arguments.len();
        let keys = self.keys.iter().map(String::len).sum::<usize>();
        let bytes = keys + self.arguments.iter().map(Vec::len).sum::<usize>();
        // What comes first: the name, the script and the number of keys.
        let mut command = Cmd::with_capacity(arguments + 3, bytes + name.len() + script.len() + 2);
        command.arg(name).arg(script).arg(self.keys.len());
        command.arg(&self.keys).arg(&self.arguments);
        command
    }
}

/// What the model says, as Lua.
fn constants() -> String {
    let kept = IdempotencyKey::KEPT;
    let lifetime = instant_bytes(Timestamp::MIN.plus(IdempotencyKey::LIFETIME));
    let latest = instant_bytes(Timestamp::MAX);
    format!(
        "local ANSWERS_KEPT = {kept}\nlocal ANSWER_LIFETIME = {}\nlocal LATEST = {}\n",
        lua_text(&lifetime),
        lua_text(&latest)
    )
}

fn lua_text(bytes: &[u8]) -> String {
    let mut text = "'".to_owned();
    for byte in bytes {
        write!(text, "\\{byte:03}").expect("a String takes everything");
    }
    text.push('\'');
    text
}

/// A span as scripts add it to instants; one that reaches beyond the range is as long as the range.
pub(crate) fn span_bytes(span: Duration) -> [u8; 8] {
    instant_bytes(Timestamp::MIN.plus(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_lua_reads_them() {
        assert_eq!(lua_text(&[0, 7, 99, 255]), r"'\000\007\099\255'");
    }

    #[test]
    fn every_script_says_what_it_takes_and_gives() {
        for script in [
            include_str!("scripts/apply.lua"),
            include_str!("scripts/append.lua"),
            include_str!("scripts/append_to_seen.lua"),
            include_str!("scripts/insert.lua"),
            include_str!("scripts/read.lua"),
            include_str!("scripts/remove.lua"),
            include_str!("scripts/settle.lua"),
            include_str!("scripts/quarantine.lua"),
            include_str!("scripts/reserve.lua"),
        ] {
            for part in ["-- KEYS", "-- ARGV: 1", "-- Reply: "] {
                assert!(script.contains(part), "{part}");
            }
        }
    }
}
