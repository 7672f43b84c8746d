//! What people and programs see.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use comfy_table::{ContentArrangement, Table, presets};
use fiml_session_core::{ErrorCode, Timestamp, error_chain};
use serde::Serialize;
use terminal_size::{Width, terminal_size_of};
use tracing_subscriber::{
    EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{exit::Details, failures::Refused, traces::Traces};

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
        self.report(None, value, text)
    }

    /// Writes an answer, then fails as it says; the JSON tells that too.
    pub(crate) fn report(
        &self,
        failure: Option<anyhow::Error>,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<()> {
        if self.json {
            let answer = Answer {
                status: if failure.is_some() {
                    "error"
                } else {
                    "success"
                },
                code: failure.as_ref().and_then(|error| Details::of(error).code),
                message: failure.as_ref().map(|error| error_chain(error.as_ref())),
                value,
            };
            self.line(&serde_json::to_string_pretty(&answer)?)?;
        } else if let text = text()
            && !text.trim_end().is_empty()
        {
            self.line(text.trim_end())?;
        }
        failure.map_or(Ok(()), Err)
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
        let Details {
            code,
            argument,
            limit,
            ..
        } = Details::of(error);
        let message = error_chain(error.as_ref());
        let hint = code.map(|code| hint(code, argument.as_deref()));
        let is_new =
            code != Some(ErrorCode::ProviderUnavailable) || !message.contains("FIML_PROVIDERS");
        let text = if self.json {
            let (argument, limit) = (argument.as_deref(), limit.as_deref());
            let wire = ErrorBody {
                status: "error",
                code,
                message: &message,
                argument,
                limit,
                hint,
            };
            serde_json::to_string(&wire).unwrap_or(message)
        } else {
            let limit = limit.map(|limit| match argument {
                Some(argument) => format!("{argument}: {limit}"),
                None => limit,
            });
            let hint = hint.filter(|_| is_new);
            let more = limit.as_deref().into_iter().chain(hint);
            more.fold(format!("error: {}", printable(&message)), |text, line| {
                format!("{text}\n       {line}")
            })
        };
        // There is nowhere left to report a failure to report.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Writes to stderr what people should know beside an answer; in JSON the answer itself has it.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            // Whoever has closed stderr wants to know nothing.
            let _ = writeln!(io::stderr().lock(), "note: {text}");
        }
    }

    /// Asks before something is destroyed; `yes` answers in advance.
    pub(crate) fn confirm(&self, question: &str, yes: bool) -> Result<()> {
        if yes {
            return Ok(());
        }
        let stdin = io::stdin();
        if !stdin.is_terminal() || self.json {
            bail!(Refused::error(anyhow::anyhow!(
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

/// What to do about an error; a setting is not an argument of a call.
fn hint(code: ErrorCode, argument: Option<&str>) -> &'static str {
    let is_setting = |name: &str| name.starts_with(char::is_uppercase);
    match code {
        ErrorCode::InvalidArgument if argument.is_some_and(is_setting) => {
            "correct the setting, and start again"
        }
        ErrorCode::InvalidArgument if argument.is_none() => {
            "correct what it names, and start again"
        }
        code => code.hint(),
    }
}

/// The same first word as in the answers of the MCP tools, and the error where one follows.
#[derive(Serialize)]
struct Answer<'a, T> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<ErrorCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(flatten)]
    value: &'a T,
}

/// An error as programs read it, in the words of the MCP tools.
#[derive(Serialize)]
struct ErrorBody<'a> {
    status: &'static str,
    code: Option<ErrorCode>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a str>,
    hint: Option<&'static str>,
}

/// The longest cell of a table, in characters.
const CELL: usize = 200;

/// A value as it stands in a table: on one line, without anything that moves the cursor or hides, not too long.
fn cell(value: &str) -> String {
    let shown: String = value.chars().take(CELL).collect();
    let more = if shown.len() < value.len() { "…" } else { "" };
    format!("{}{more}", printable(&shown))
}

/// The text with every control, bidirectional and invisible character spelled out.
pub(crate) fn printable(text: &str) -> String {
    let spelled = |c: char| match c {
        c if c.is_control() => c.escape_default().to_string(),
        '\u{AD}'
        | '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}' => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    text.chars().map(spelled).collect()
}

/// A table with a header, in columns without borders.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.set_header(header.iter().copied());
    lines_of(&mut table, rows, cell)
}

/// How wide stdout is taken to be where it is no terminal, in columns.
const WIDTH: u16 = 100;

fn width() -> u16 {
    let known = terminal_size_of(io::stdout());
    known.map_or(WIDTH, |(Width(columns), _)| columns.max(WIDTH / 2))
}

/// A paragraph, its lines no longer than the terminal is wide.
pub(crate) fn wrapped(text: &str) -> String {
    sentences([vec![text.to_owned()]])
}

/// Sentences about things, each beside the name of its thing; they wrap before a terminal would.
pub(crate) fn sentences(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width());
    // What wraps has no need to be cut.
    lines_of(&mut table, rows, printable)
}

fn lines_of(
    table: &mut Table,
    rows: impl IntoIterator<Item = Vec<String>>,
    shown: fn(&str) -> String,
) -> String {
    let rows = rows.into_iter();
    table.load_preset(presets::NOTHING);
    table.add_rows(rows.map(|row| row.iter().map(|value| shown(value)).collect::<Vec<_>>()));
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

/// Sends the log to stderr, and spans where traces go: stdout belongs to answers and to the protocol.
pub(crate) fn log_to_stderr(filter: &str, traces: Option<&Traces>) -> Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| {
            format!("FIML_LOG is {filter:?}; it must be a filter such as info or fiml=debug")
        })
        .map_err(Refused::error)?;
    let log = fmt::layer().with_writer(io::stderr).with_ansi(false);
    let mut layers = vec![log.with_filter(filter).boxed()];
    // A layer that is none would let every span of every library through, at a price for each call.
    if let Some(traces) = traces {
        layers.push(traces.layer().boxed());
    }
    tracing_subscriber::registry().with(layers).init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_text_cannot_break_the_table_or_the_terminal() {
        let hostile = "a\nb\t\u{1b}[2J\u{9b}31m\u{202e}gpj\u{200b}.\u{2028}\u{e0041}";
        let text = table(&["", ""], [vec![hostile.to_owned(), "next".to_owned()]]);
        assert_eq!(
            text.trim(),
            r"a\nb\t\u{1b}[2J\u{9b}31m\u{202e}gpj\u{200b}.\u{2028}\u{e0041}  next"
        );
        assert!(table(&[], [vec!["Überblick 東京".to_owned()]]).contains("Überblick 東京"));
    }

    #[test]
    fn a_long_value_is_cut_with_a_sign_and_a_short_one_is_not() {
        assert_eq!(cell(&"ä".repeat(200)), "ä".repeat(200));
        assert_eq!(cell(&"ä".repeat(201)), "ä".repeat(200) + "…");
    }

    #[test]
    fn a_sentence_wraps_and_is_whole() {
        let told = "twelve words or so, ".repeat(20);
        for text in [
            wrapped(&told),
            sentences([vec!["AAPL".to_owned(), told.clone()]]),
        ] {
            assert!(
                text.lines().all(|line| line.chars().count() <= 100),
                "{text}"
            );
            assert_eq!(text.matches("twelve").count(), 20, "{text}");
            assert!(!text.contains('…'), "{text}");
        }
    }
}
