//! `fiml stats`: statistics of a period.

use anyhow::Result;
use clap::value_parser;
use fiml_analytics::{
    Change, Percentiles, SessionAnalytics, SessionSeries, SessionStats, StatsRequest, Step,
};
use fiml_session_core::{SessionType, Timestamp, store::Scope};
use serde::Serialize;

use crate::{
    commands::argument,
    config::Config,
    output::{Output, percent, table},
    wiring,
};

/// Which sessions.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those of this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Only those of this type: equity, crypto, portfolio, comparative or macro
    #[arg(long = "type", value_name = "TYPE", value_parser = argument::<SessionType>)]
    session_type: Option<SessionType>,
    /// Those created in the last so many days
    #[arg(long, default_value_t = StatsRequest::DEFAULT_DAYS,
        value_parser = value_parser!(u32).range(1..=i64::from(StatsRequest::MAX_DAYS)))]
    days: u32,
    /// Those created from this day or instant on, in UTC, instead
    #[arg(long, value_name = "WHEN", conflicts_with = "days", value_parser = instant)]
    from: Option<Timestamp>,
    /// Those created before this day or instant, instead of until now
    #[arg(long, value_name = "WHEN", value_parser = instant)]
    until: Option<Timestamp>,
    /// Only those about this asset
    #[arg(long, value_name = "SYMBOL")]
    asset: Option<String>,
    /// Only those with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Beside the figures of the period before, which is as long
    #[arg(long, conflicts_with = "by")]
    compare: bool,
    /// By the hour or day, in UTC, in which sessions were created
    #[arg(long, value_name = "STEP")]
    by: Option<By>,
}

/// How far the points of a series lie apart.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum By {
    Hour,
    Day,
}

/// A day, at whose beginning it is, or an instant.
fn instant(text: &str) -> Result<Timestamp, String> {
    let midnight = format!("{text}T00:00:00Z");
    let parsed = text.parse().or_else(|_| midnight.parse());
    parsed.map_err(|_| "say 2026-11-26 or 2026-11-26T08:30:00Z".to_owned())
}

/// The period in a few words.
fn period(stats: &SessionStats) -> String {
    match (stats.from, stats.until) {
        (None, None) => format!("last {} days", stats.period_days),
        (Some(from), None) => format!("from {from}"),
        (Some(from), Some(until)) => format!("{from} to {until}"),
        (None, Some(until)) => format!("{} days to {until}", stats.period_days),
    }
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
    let request = StatsRequest {
        user_id: args.user,
        session_type: args.session_type,
        asset: args.asset,
        tag: args.tag,
        days: args.days,
        from: args.from,
        until: args.until,
    };
    if let Some(by) = args.by {
        let step = match by {
            By::Hour => Step::Hour,
            By::Day => Step::Day,
        };
        let series = analytics.get_session_series(&Scope::All, &request, step);
        let series = series.await?;
        return output.answer(&series, || render_series(&series));
    }
    let current = analytics.get_session_stats(&Scope::All, &request).await?;
    if !args.compare {
        return output.answer(&current, || render(&current));
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

fn render(stats: &SessionStats) -> String {
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
    let mut text = table(&[&period(stats), ""], rows);
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
    let assets = stats
        .top_assets
        .iter()
        .map(|top| pair(&top.symbol, top.count));
    text += &section(&["top assets", "sessions"], assets.collect());
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

fn render_series(series: &SessionSeries) -> String {
    let most = series.points.iter().map(|point| point.total_sessions);
    let most = most.max().unwrap_or_default();
    // To the minute, which is what hours and days begin with.
    let rows = series.points.iter().map(|point| {
        let start: String = point.start.to_string().chars().take(16).collect();
        vec![
            start.replace('T', " "),
            point.total_sessions.to_string(),
            bar(point.total_sessions, most),
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
    table(&header, rows)
}

/// How wide the longest bar is, in characters.
const WIDTH: u64 = 24;

/// A bar as long, beside the longest, as a count is beside the greatest.
fn bar(count: u64, most: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (count * WIDTH * 8).div_ceil(most.max(1));
    let (whole, rest) = (eighths / 8, eighths % 8);
    let whole = usize::try_from(whole).unwrap_or_default();
    "█".repeat(whole) + EIGHTHS[usize::try_from(rest).unwrap_or_default()]
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
    table(&header, rows.into_iter().map(Vec::from))
}

/// A further table, or nothing where it would be empty.
fn section(header: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        String::new()
    } else {
        format!("\n\n{}", table(header, rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_counts_are_great() {
        assert_eq!(bar(0, 0), "");
        assert_eq!(bar(0, 9), "");
        assert_eq!(bar(9, 9), "█".repeat(24));
        assert_eq!(bar(1, 2), "█".repeat(12));
        assert_eq!(bar(1, 1_000_000), "▏", "something is never nothing");
    }
}
