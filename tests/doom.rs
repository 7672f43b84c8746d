//! The steps at which a process of the tests dies or is held up.

use std::{
    io::Write,
    process::{self, Command},
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use fiml_session_core::store::StoreError;

use crate::steps::Watch;

/// On which side of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// Where a process dies or is held up, several places separated by commas.
///
/// `before:stage:3` dies before the third call of that step, `after:any:7` after the seventh of whatever step,
/// `stop:insert:1` is stopped after the first until it is told to go on, and `never` does none of this.
#[derive(Debug)]
pub struct Doom(Vec<Fate>);

#[derive(Debug)]
struct Fate {
    side: Side,
    step: String,
    calls: u64,
    is_death: bool,
    seen: AtomicU64,
}

impl FromStr for Doom {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fates = text.split(',').filter(|fate| *fate != "never");
        Ok(Self(fates.map(str::parse).collect::<Result<_, _>>()?))
    }
}

impl FromStr for Fate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split(':').collect();
        let refused = || format!("{text} is no doom: say before:stage:3, stop:any:7 or never");
        let [how, step, calls] = parts[..] else {
            return Err(refused());
        };
        let (side, is_death) = match how {
            "before" => (Side::Before, true),
            "after" => (Side::After, true),
            "stop" => (Side::After, false),
            _ => return Err(refused()),
        };
        Ok(Self {
            side,
            step: step.to_owned(),
            calls: calls.parse().map_err(|_| refused())?,
            is_death,
            seen: AtomicU64::new(0),
        })
    }
}

impl Watch for Doom {
    fn before(&self, step: &str) -> Result<(), StoreError> {
        self.pass(Side::Before, step);
        Ok(())
    }

    fn after(&self, step: &str) -> Result<(), StoreError> {
        if step == "purge_metrics_before" {
            // Nothing else that is left behind shows it.
            say("purged").expect("the test listens");
        }
        self.pass(Side::After, step);
        Ok(())
    }
}

impl Doom {
    /// Passes one side of a step, or meets its fate there.
    fn pass(&self, side: Side, step: &str) {
        for fate in &self.0 {
            if fate.side == side && (fate.step == step || fate.step == "any") {
                fate.pass();
            }
        }
    }
}

impl Fate {
    fn pass(&self) {
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 != self.calls {
            return;
        }
        if self.is_death {
            signal("-KILL");
            // Until it arrives.
            loop {
                thread::park();
            }
        }
        say("stopped").expect("the test listens");
        signal("-STOP");
    }
}

/// Sends this process a signal.
fn signal(name: &str) {
    let pid = process::id().to_string();
    let sent = Command::new("kill").args([name, &pid]).status();
    assert!(
        sent.is_ok_and(|status| status.success()),
        "kill {name} {pid}"
    );
}

/// One line to the test, at once.
pub fn say(line: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
