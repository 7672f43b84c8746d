//! `fiml stats`: statistics of a period.

use anyhow::Result;
use clap::value_parser;
use fiml_analytics::{Percentiles, SessionAnalytics, SessionStats, StatsRequest};
use fiml_session_core::{SessionType, store::Scope};

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
}

pub(crate) async fn run(args: Args, config: &Config, output: &Output) -> Result<()> {
    let analytics = SessionAnalytics::new(wiring::stored_sessions(config).await?);
    let request = StatsRequest {
        user_id: args.user,
        session_type: args.session_type,
        days: args.days,
    };
    let stats = analytics.get_session_stats(&Scope::All, &request).await?;
    output.answer(&stats, || render(&stats))
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
    let mut text = table(&[&format!("last {} days", stats.period_days), ""], rows);
    let spread = [
        ("duration, seconds", stats.duration_seconds),
        ("queries per session", stats.queries_per_session),
        ("execution time, ms", stats.execution_time_ms),
    ];
    let spread = spread.into_iter().filter_map(|(name, figures)| {
        let Percentiles { p50, p95, p99 } = figures?;
        Some(vec![
            name.to_owned(),
            p50.to_string(),
            p95.to_string(),
            p99.to_string(),
        ])
    });
    text += &section(&["percentiles", "p50", "p95", "p99"], spread.collect());
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

/// A further table, or nothing where it would be empty.
fn section(header: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        String::new()
    } else {
        format!("\n\n{}", table(header, rows))
    }
}
