//! Pictures of what sessions and queries were about.

use std::{cmp::Reverse, collections::BTreeMap};

use anyhow::Result;
use fiml_analytics::{Percentiles, SessionStats};

use super::{
    chart::{FIRST, Row, THIRD, bars},
    figure::{Drawing, Figure},
    over_time::Span,
};
use crate::output::printable;

/// How many bars a picture has at most; the table has them all.
const BARS: usize = 10;
/// How long a name beside a bar is at most, in characters.
const NAME: usize = 22;

/// All of them; a picture without bars is left out.
pub(super) fn figures(stats: &SessionStats) -> Result<Vec<Figure>> {
    let assets = stats.top_assets.iter();
    let assets: Vec<_> = assets.map(|top| (top.symbol.clone(), top.count)).collect();
    let tags = stats.popular_tags.iter();
    let tags: Vec<_> = tags.map(|top| (top.tag.clone(), top.count)).collect();
    let figures = [
        spread(
            "Session durations",
            "How long sessions were worked on, from creation to the last change",
            stats.duration_seconds,
            Unit::Seconds,
        )?,
        spread(
            "Execution times",
            "How long queries took",
            stats.execution_time_ms,
            Unit::Milliseconds,
        )?,
        spread(
            "Queries per session",
            "How many queries sessions had",
            stats.queries_per_session,
            Unit::Queries,
        )?,
        shares("Top assets", "sessions", FIRST, assets)?,
        shares("Popular tags", "sessions", FIRST, tags)?,
        shares(
            "Types of sessions",
            "sessions",
            FIRST,
            sorted(&stats.session_type_breakdown),
        )?,
        shares(
            "Types of queries",
            "queries",
            FIRST,
            sorted(&stats.query_type_distribution),
        )?,
        shares(
            "Sources",
            "queries",
            FIRST,
            sorted(&stats.source_distribution),
        )?,
        shares(
            "Errors",
            "failed queries",
            THIRD,
            sorted(&stats.error_distribution),
        )?,
    ];
    Ok(figures.into_iter().flatten().collect())
}

/// The greatest first; the name decides between equals.
fn sorted(counts: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let counts = counts.iter();
    let mut counts: Vec<_> = counts.map(|(name, &count)| (name.clone(), count)).collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts
}

fn shares(
    title: &str,
    unit: &'static str,
    color: &'static str,
    counts: Vec<(String, u64)>,
) -> Result<Option<Figure>> {
    let Some((first, count)) = counts.first() else {
        return Ok(None);
    };
    let shown = &counts[..counts.len().min(BARS)];
    let mut says = format!("{} most often: {count} {unit}.", cut(first));
    if shown.len() < counts.len() {
        says += &format!(" The {BARS} most frequent of {} are drawn.", counts.len());
    }
    let names: Vec<_> = shown.iter().map(|(name, _)| cut(name)).collect();
    let row = Row {
        name: unit,
        color,
        values: shown.iter().map(|(_, count)| Some(*count as f32)).collect(),
    };
    let drawing = Drawing::Column(bars(&names, &row, unit)?);
    let rows = counts.into_iter();
    Ok(Some(Figure {
        title: title.to_owned(),
        says,
        drawing,
        header: vec!["", unit],
        rows: rows
            .map(|(name, count)| vec![name, count.to_string()])
            .collect(),
    }))
}

/// What percentiles are of.
#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Milliseconds,
    Queries,
}

fn spread(
    title: &str,
    says: &str,
    percentiles: Option<Percentiles>,
    unit: Unit,
) -> Result<Option<Figure>> {
    let Some(Percentiles { p50, p90, p95, p99 }) = percentiles else {
        return Ok(None);
    };
    let known = [("p50", p50), ("p90", p90), ("p95", p95), ("p99", p99)];
    let (exact, span) = match unit {
        Unit::Seconds => ("seconds", Span::fitting(p99)),
        Unit::Milliseconds => ("milliseconds", one("milliseconds")),
        Unit::Queries => ("queries", one("queries")),
    };
    let values = known.map(|(_, value)| (value / span.seconds * 10.0).round() / 10.0);
    let row = Row {
        name: span.name,
        color: FIRST,
        values: values.map(|value| Some(value as f32)).into(),
    };
    let names = known.map(|(name, _)| name.to_owned());
    let [half, .., most] = values;
    Ok(Some(Figure {
        title: title.to_owned(),
        says: format!(
            "{says}: half of them at most {half} {0}, 99 of 100 at most {most} {0}.",
            span.name
        ),
        drawing: Drawing::Column(bars(&names, &row, span.name)?),
        header: vec!["percentile", exact],
        rows: known
            .map(|(name, value)| vec![name.to_owned(), value.to_string()])
            .into(),
    }))
}

const fn one(name: &'static str) -> Span {
    Span { name, seconds: 1.0 }
}

fn cut(name: &str) -> String {
    let name = printable(name);
    match name.char_indices().nth(NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name,
    }
}
