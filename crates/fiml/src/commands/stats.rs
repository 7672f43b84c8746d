//! `fiml stats`: statistics of a period.

use anyhow::Result;
use fiml_analytics::{
    Change, Percentiles, SeriesPoint, SessionAnalytics, SessionSeries, SessionStats, StatsRequest,
    Step,
};
use fiml_session_core::{Timestamp, store::Scope};
use serde::Serialize;

use crate::{
    chart::Ink,
    commands::selection::Selection,
    config::Config,
    output::{Output, minute, percent, table},
    wiring,
};

/// Which sessions.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Beside the figures of the period before, which is as long; not with --by
    #[arg(long, conflicts_with = "by")]
    compare: bool,
    /// By the hour or day, in UTC, in which sessions were created; not with --compare
    #[arg(long, value_name = "STEP")]
    by: Option<By>,
}

/// How far the points of a series lie apart.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum By {
    Hour,
    Day,
}

/// The period in a few words.
pub(crate) fn period(stats: &SessionStats) -> String {
    match (stats.from, stats.until) {
        (None, None) => format!("last {} days", stats.period_days),
        (Some(from), None) => format!("from {from}"),
        (Some(from), Some(until)) => format!("{from} to {until}"),
        (None, Some(until)) => format!("{} days to {until}", stats.period_days),
    }
}

/// That figures are complete from an instant on only, which may lie behind the end of their period.
pub(crate) fn incomplete(since: Timestamp) -> String {
    format!(
        "figures are complete since {} UTC alone: they are kept no longer (SESSION_METRICS_RETENTION_DAYS), so that \
         archived sessions created earlier may be missing",
        minute(since)
    )
}

/// The same as a paragraph, where there is anything to say.
fn caveat(since: Option<Timestamp>) -> String {
    since.map_or_else(String::new, |since| format!("\n\n{}", incomplete(since)))
}

/// Two periods, one after the other.
#[derive(Debug, Serialize)]
struct Comparison {
    current: SessionStats,
    previous: SessionStats,
    change: Change,
}

pub(crate) async fn run(args: Args, config: &Config, output: &Output) -> Result<()> {
    let analytics = SessionAnalytics::new(wiring::stored_sessions(config).await?);
    let request = args.selection.request();
    let ink = Ink::of(config);
    if let Some(by) = args.by {
        let step = match by {
            By::Hour => Step::Hour,
            By::Day => Step::Day,
        };
        let series = analytics.get_session_series(&Scope::All, &request, step);
        let series = series.await?;
        return output.answer(&series, || render_series(&series, ink));
    }
    let current = analytics.get_session_stats(&Scope::All, &request).await?;
    if !args.compare {
        let days = match output.is_json() {
            true => None,
            false => per_day(&analytics, &request, current.period_days).await?,
        };
        return output.answer(&current, || {
            let days = days.map_or_else(String::new, |days| render_days(&days, ink));
            render(&current, ink) + &days
        });
    }
    let previous = analytics.get_previous_session_stats(&Scope::All, &request);
    let previous = previous.await?;
    let change = Change::between(&previous, &current);
    let comparison = Comparison {
        current,
        previous,
        change,
    };
    output.answer(&comparison, || render_comparison(&comparison))
}

fn render(stats: &SessionStats, ink: Ink) -> String {
    let mut rows = vec![
        ("sessions", stats.total_sessions.to_string()),
        ("  active", stats.active_sessions.to_string()),
        ("  ended", stats.ended_sessions.to_string()),
        ("    completed", stats.completed_sessions.to_string()),
        (
            "    abandoned (fewer than 2 queries)",
            stats.abandoned_sessions.to_string(),
        ),
        ("  archived", stats.archived_sessions.to_string()),
        ("queries", stats.total_queries.to_string()),
    ];
    let mut known = |name, figure: Option<String>| rows.extend(figure.map(|figure| (name, figure)));
    known("abandonment rate", stats.abandonment_rate.map(percent));
    known("cache hit rate", stats.cache_hit_rate.map(percent));
    known(
        "mean duration",
        stats
            .avg_duration_seconds
            .map(|mean| format!("{mean:.1} s")),
    );
    known(
        "mean queries per session",
        stats
            .avg_queries_per_session
            .map(|mean| format!("{mean:.1}")),
    );
    let rows = rows
        .into_iter()
        .map(|(name, figure)| vec![name.to_owned(), figure]);
    let mut text = table(&[&period(stats), ""], rows) + &caveat(stats.complete_since);
    let spread = [
        ("duration, seconds", stats.duration_seconds),
        ("queries per session", stats.queries_per_session),
        ("execution time, ms", stats.execution_time_ms),
    ];
    let spread = spread.into_iter().filter_map(|(name, figures)| {
        let Percentiles { p50, p90, p95, p99 } = figures?;
        Some(vec![
            name.to_owned(),
            p50.to_string(),
            p90.to_string(),
            p95.to_string(),
            p99.to_string(),
        ])
    });
    text += &section(
        &["percentiles", "p50", "p90", "p95", "p99"],
        spread.collect(),
    );
    let pair = |name: &str, count: u64| vec![name.to_owned(), count.to_string()];
    let most = stats.top_assets.first().map_or(0, |top| top.count);
    let assets = stats.top_assets.iter().map(|top| {
        let mut row = pair(&top.symbol, top.count);
        row.push(ink.bar(top.count, most));
        row
    });
    text += &section(&["top assets", "sessions", ""], assets.collect());
    let tags = stats
        .popular_tags
        .iter()
        .map(|top| pair(&top.tag, top.count));
    text += &section(&["popular tags", "sessions"], tags.collect());
    for (title, unit, counts) in [
        ("types", "sessions", &stats.session_type_breakdown),
        ("query types", "queries", &stats.query_type_distribution),
        ("sources", "queries", &stats.source_distribution),
        ("errors", "queries", &stats.error_distribution),
    ] {
        let rows = counts.iter().map(|(name, &count)| pair(name, count));
        text += &section(&[title, unit], rows.collect());
    }
    text
}

/// The days of the period; none where they are more than a series has points, or nothing happened.
async fn per_day(
    analytics: &SessionAnalytics,
    request: &StatsRequest,
    days: u32,
) -> Result<Option<SessionSeries>> {
    // A period touches one day more than it is long.
    if days as usize >= SessionSeries::MAX_POINTS {
        return Ok(None);
    }
    let days = analytics.get_session_series(&Scope::All, request, Step::Day);
    let days = days.await?;
    let is_empty = days.points.iter().all(|day| day.total_sessions == 0);
    Ok((!is_empty).then_some(days))
}

/// How many characters the line of days has at most.
const LINE: usize = 60;

/// The sessions of each day, or of each few days, in one line.
fn render_days(days: &SessionSeries, ink: Ink) -> String {
    let together = days.points.len().div_ceil(LINE).max(1);
    let groups = days.points.chunks(together);
    let counts: Vec<u64> = groups
        .map(|group| group.iter().map(|day| day.total_sessions).sum())
        .collect();
    let most = counts.iter().max().copied().unwrap_or_default();
    let date = |day: Option<&SeriesPoint>| -> String {
        let day = day.map(|day| day.start.to_string());
        day.unwrap_or_default().chars().take(10).collect()
    };
    let (first, last) = (date(days.points.first()), date(days.points.last()));
    let each = match together {
        1 => "each day".to_owned(),
        days => format!("every {days} days"),
    };
    let line = ink.sparkline(&counts);
    format!("\n\nsessions {each}, {first} to {last} (UTC), {most} at most\n{line}")
}

fn render_series(series: &SessionSeries, ink: Ink) -> String {
    let most = series.points.iter().map(|point| point.total_sessions);
    let most = most.max().unwrap_or_default();
    // To the minute, which is what hours and days begin with.
    let rows = series.points.iter().map(|point| {
        let start: String = point.start.to_string().chars().take(16).collect();
        vec![
            start.replace('T', " "),
            point.total_sessions.to_string(),
            ink.bar(point.total_sessions, most),
            point.total_queries.to_string(),
            point.ended_sessions.to_string(),
            point.abandoned_sessions.to_string(),
            point.cache_hit_rate.map_or_else(String::new, percent),
        ]
    });
    let header = [
        "created, UTC",
        "sessions",
        "",
        "queries",
        "ended",
        "abandoned",
        "cache hits",
    ];
    table(&header, rows) + &caveat(series.complete_since)
}

fn render_comparison(comparison: &Comparison) -> String {
    let Comparison {
        current, previous, ..
    } = comparison;
    let count = |name: &str, of: fn(&SessionStats) -> u64| {
        [
            name.to_owned(),
            of(current).to_string(),
            of(previous).to_string(),
        ]
    };
    let share = |name: &str, of: fn(&SessionStats) -> Option<f64>| {
        let shown = |stats| of(stats).map_or_else(String::new, percent);
        [name.to_owned(), shown(current), shown(previous)]
    };
    let mean = |name: &str, of: fn(&SessionStats) -> Option<f64>| {
        let shown = |stats| of(stats).map_or_else(String::new, |mean| format!("{mean:.1}"));
        [name.to_owned(), shown(current), shown(previous)]
    };
    let rows = [
        count("sessions", |stats| stats.total_sessions),
        count("  ended", |stats| stats.ended_sessions),
        count("  abandoned", |stats| stats.abandoned_sessions),
        count("queries", |stats| stats.total_queries),
        share("abandonment rate", |stats| stats.abandonment_rate),
        share("cache hit rate", |stats| stats.cache_hit_rate),
        mean("mean duration, seconds", |stats| stats.avg_duration_seconds),
        mean("mean queries per session", |stats| {
            stats.avg_queries_per_session
        }),
    ];
    let header = [
        "",
        &period(current),
        &format!("{} days before", current.period_days),
    ];
    // The earlier period is complete from the same instant on, if at all.
    table(&header, rows.into_iter().map(Vec::from)) + &caveat(previous.complete_since)
}

/// A further table, or nothing where it would be empty.
fn section(header: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        String::new()
    } else {
        format!("\n\n{}", table(header, rows))
    }
}
