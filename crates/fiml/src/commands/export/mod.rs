//! `fiml export`: what is stored, for other programs.

mod csv;
mod json;
#[cfg(feature = "parquet")]
mod parquet;
mod progress;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use fiml_analytics::{ExportedSession, MetricsExport, SessionAnalytics};
use fiml_session_core::{Invalid, Timestamp, store::Scope};
use serde::Serialize;

use crate::{
    commands::{
        export::progress::Progress, place::PendingFile, selection::Selection, stats::incomplete,
    },
    config::Config,
    output::Output,
    signal, wiring,
};

pub(super) const AFTER_HELP: &str = "\
docs/analytics.md lists the columns. Sessions are read page by page, so memory does not grow with their number; \
a file appears only once it is whole.";

/// What is exported.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Write the figures of sessions, a row a session
    Metrics(Args),
}

/// Which sessions, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// The form; by the ending of the file's name where none is given, else json
    #[arg(long)]
    format: Option<Format>,
    /// The file to write, or - for stdout
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    force: bool,
}

/// The forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// One JSON array, an object a line
    Json,
    /// Comma-separated values with a header
    Csv,
    /// Apache Parquet, in builds that have it
    Parquet,
}

impl Format {
    fn of(args: &Args) -> Self {
        let ending = args.output.extension().and_then(|ending| ending.to_str());
        args.format.unwrap_or(match ending {
            Some("csv") => Self::Csv,
            Some("parquet") => Self::Parquet,
            _ => Self::Json,
        })
    }
}

/// Writes rows in one of the forms.
trait Rows {
    fn write(&mut self, rows: &[ExportedSession]) -> Result<()>;

    /// Writes what belongs behind the last row.
    fn finish(&mut self) -> Result<()>;
}

fn rows(format: Format, to: impl Write + Send + 'static) -> Result<Box<dyn Rows + Send>> {
    Ok(match format {
        Format::Json => Box::new(json::JsonRows::new(to)),
        Format::Csv => Box::new(csv::CsvRows::new(to)?),
        #[cfg(feature = "parquet")]
        Format::Parquet => Box::new(parquet::ParquetRows::new(to)?),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => {
            drop(to);
            let limit = "json or csv in this build; cargo install --path crates/fiml --features parquet \
                         makes one with Parquet";
            bail!(Invalid::malformed("--format", "is parquet", limit))
        }
    })
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written<'a> {
    format: Format,
    file: &'a Path,
    sessions: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    complete_since: Option<Timestamp>,
}

pub(crate) async fn run(command: Command, config: &Config, output: &Output) -> Result<()> {
    let Command::Metrics(args) = command;
    let format = Format::of(&args);
    let Args {
        selection,
        output: place,
        force,
        ..
    } = args;
    let to_stdout = place.as_os_str() == "-";
    if to_stdout && format == Format::Parquet {
        let problem = "is stdout, and Parquet is not text";
        bail!(Invalid::malformed(
            "--output",
            problem,
            "the path of a file"
        ));
    }
    // Everything that can be refused is refused before a file is begun.
    let analytics = SessionAnalytics::new(wiring::stored_sessions(config).await?);
    let export = analytics.export_session_metrics(&Scope::All, &selection.request())?;
    let complete_since = export.complete_since();
    if let Some(since) = complete_since {
        output.note(&incomplete(since));
    }
    let progress = Progress::new(!config.plain && !output.is_json());
    if to_stdout {
        let mut rows = rows(format, io::stdout())?;
        return match copy(export, &mut *rows, progress).await {
            // A reader that has gone away, such as `head`, is not an error.
            Err(error) if is_broken_pipe(&error) => Ok(()),
            copied => copied.map(drop),
        };
    }
    let file = PendingFile::begin(&place, force)?;
    let mut rows = rows(format, file.writer()?)?;
    let sessions = tokio::select! {
        copied = copy(export, &mut *rows, progress) => copied,
        () = signal::to_end()? => bail!("interrupted; nothing was written to {}", place.display()),
    };
    let sessions =
        sessions.with_context(|| format!("nothing was written to {}", place.display()))?;
    let written = Written {
        format,
        file: &place,
        sessions,
        bytes: file.publish()?,
        complete_since,
    };
    output.answer(&written, || {
        let one = if sessions == 1 { "session" } else { "sessions" };
        format!("{sessions} {one} written to {}", place.display())
    })
}

/// Writes every row, and says how many there were.
async fn copy(
    mut export: MetricsExport,
    rows: &mut (dyn Rows + Send),
    mut progress: Progress,
) -> Result<u64> {
    while let Some(page) = export.next_page().await? {
        rows.write(&page)?;
        progress.add(page.len());
    }
    rows.finish()?;
    Ok(progress.sessions())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
    })
}
