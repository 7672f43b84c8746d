//! What people and programs see.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use comfy_table::{Table, presets};
use fiml_session_core::Timestamp;
use serde::Serialize;
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::exit;

/// Writes answers to stdout, as tables and sentences or as JSON, and errors to stderr.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON was asked for.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Writes an answer: the value where JSON was asked for, else the text.
    pub(crate) fn answer(
        &self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<()> {
        if self.json {
            self.line(&serde_json::to_string_pretty(&Success {
                status: "success",
                value,
            })?)
        } else {
            self.line(text().trim_end())
        }
    }

    /// Writes a line to stdout. A reader that has gone away, such as `head`, is not an error.
    pub(crate) fn line(&self, text: &str) -> Result<()> {
        match writeln!(io::stdout().lock(), "{text}") {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Writes an error to stderr, with what to do about it.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let code = exit::error_code(error);
        let (message, hint) = (
            format!("{error:#}"),
            code.map(fiml_session_core::ErrorCode::hint),
        );
        let text = if self.json {
            json!({"status": "error", "code": code, "message": message, "hint": hint}).to_string()
        } else {
            let hint = hint
                .map(|hint| format!("\n       {hint}"))
                .unwrap_or_default();
            format!("error: {message}{hint}")
        };
        // There is nowhere left to report a failure to report.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Asks before something is destroyed; `yes` answers in advance.
    pub(crate) fn confirm(&self, question: &str, yes: bool) -> Result<()> {
        if yes {
            return Ok(());
        }
        let stdin = io::stdin();
        if !stdin.is_terminal() || self.json {
            bail!(exit::Refused::error(anyhow::anyhow!(
                "{question} Nobody is there to answer; say so with --yes"
            )));
        }
        write!(io::stderr(), "{question} [y/N] ").context("cannot ask")?;
        let mut answer = String::new();
        stdin
            .lock()
            .read_line(&mut answer)
            .context("cannot read the answer")?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            bail!("nothing was done");
        }
        Ok(())
    }
}

/// The same first word as in the answers of the MCP tools.
#[derive(Serialize)]
struct Success<'a, T> {
    status: &'static str,
    #[serde(flatten)]
    value: &'a T,
}

/// A table with a header, in columns without borders.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_header(header.iter().copied());
    table.add_rows(rows);
    let lines = table.lines().map(|line| {
        line.trim_end()
            .strip_prefix(' ')
            .unwrap_or_default()
            .to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An instant to the minute.
pub(crate) fn minute(at: Timestamp) -> String {
    let at = at.to_string();
    at.get(..16)
        .map_or_else(|| at.clone(), |start| start.replace('T', " "))
}

/// A span in its two largest units.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Sends the log to stderr: stdout belongs to answers and to the protocol.
pub(crate) fn log_to_stderr(filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| {
            format!("FIML_LOG is {filter:?}; it must be a filter such as info or fiml=debug")
        })
        .map_err(exit::Refused::error)?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    Ok(())
}
