//! The page around the pictures.

use anyhow::Result;
use fiml_analytics::{SessionSeries, SessionStats, Step};

use super::{Report, figure::escaped, over_time, shares};
use crate::{
    commands::stats::{incomplete, period},
    output::{minute, percent},
};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(super) fn render(report: &Report) -> Result<String> {
    let Report { at, stats, .. } = report;
    let title = format!("FIML sessions, {}", period(stats));
    let body = if stats.total_sessions == 0 {
        "<p class=\"nothing\">No session was created in this period that matches. There is nothing to \
         draw.</p>\n"
            .to_owned()
    } else {
        tiles(report) + &pictures(report)?
    };
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         img-src data:\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<header>\n<h1>{title}</h1>\n<p>{}</p>\n<p>Read on {} UTC; a session that was active then may \
         have ended by now.</p>\n</header>\n<main>\n{body}</main>\n<footer>What every figure means: \
         docs/analytics.md of FIML sessions.</footer>\n</body>\n</html>\n",
        which(report),
        minute(*at),
    ))
}

/// Which sessions the page is about.
fn which(report: &Report) -> String {
    let Report { at, stats, .. } = report;
    let end = stats.until.unwrap_or(*at);
    let length = std::time::Duration::from_hours(24) * stats.period_days;
    let begin = stats
        .from
        .unwrap_or_else(|| Step::Hour.start(end.minus(length)));
    let mut which = format!(
        "Sessions created from {} to {} UTC",
        minute(begin),
        minute(end)
    );
    let filters = [
        ("user", stats.user_id.as_ref().map(ToString::to_string)),
        (
            "type",
            stats.session_type.map(|kind| kind.name().to_owned()),
        ),
        ("asset", stats.asset.as_ref().map(ToString::to_string)),
        ("tag", stats.tag.as_ref().map(ToString::to_string)),
    ];
    let filters = filters
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} <b>{}</b>", escaped(&value?))));
    let filters: Vec<_> = filters.collect();
    if filters.is_empty() {
        which += ", of everybody, of every type, about any asset, with any tag or none.";
    } else {
        which += &format!(", only those of {}.", filters.join(", "));
    }
    if let Some(since) = stats.complete_since {
        which += &format!("</p>\n<p class=\"caveat\">The {}.", incomplete(since));
    }
    which
}

/// The figures that come first, each beside that of the period before.
fn tiles(report: &Report) -> String {
    let count = |name: &str, of: fn(&SessionStats) -> u64| {
        let before = of(&report.previous).to_string();
        tile(name, &of(&report.stats).to_string(), Some(&before))
    };
    let known = |name: &str, of: fn(&SessionStats) -> Option<String>| {
        let now = of(&report.stats).unwrap_or_else(|| "–".to_owned());
        tile(name, &now, of(&report.previous).as_deref())
    };
    let tiles = [
        count("sessions", |stats| stats.total_sessions),
        // What was active then has ended by now, so that there is nothing to compare with.
        tile("active", &report.stats.active_sessions.to_string(), None),
        count("completed", |stats| stats.completed_sessions),
        known("abandoned", |stats| stats.abandonment_rate.map(percent)),
        count("queries", |stats| stats.total_queries),
        known("cache hits", |stats| stats.cache_hit_rate.map(percent)),
        known("mean duration", |stats| {
            stats.avg_duration_seconds.map(duration)
        }),
        known("queries per session", |stats| {
            let mean = stats.avg_queries_per_session;
            mean.map(|mean| format!("{mean:.1}"))
        }),
    ];
    let before = match report.stats.period_days {
        1 => "the day".to_owned(),
        days => format!("the {days} days"),
    };
    format!(
        "<dl class=\"tiles\">\n{}</dl>\n<p class=\"note\">In brackets: {before} before. A session is abandoned \
         where it ended with fewer than two queries; its share is that of the ended ones.</p>\n",
        tiles.concat()
    )
}

fn tile(name: &str, now: &str, before: Option<&str>) -> String {
    let before = before.map_or_else(String::new, |before| {
        format!(" <small>({})</small>", escaped(before))
    });
    format!(
        "<div><dt>{}</dt><dd>{}{before}</dd></div>\n",
        escaped(name),
        escaped(now)
    )
}

fn duration(seconds: f64) -> String {
    let span = over_time::Span::fitting(seconds);
    let unit = match span.name {
        "seconds" => "s",
        "minutes" => "min",
        _ => "h",
    };
    format!("{:.1} {unit}", seconds / span.seconds)
}

fn pictures(report: &Report) -> Result<String> {
    let mut html = match &report.series {
        Some(series) => over_time::figures(series)?
            .iter()
            .map(super::figure::Figure::html)
            .collect(),
        None => format!(
            "<p class=\"note\">There are no pictures over time: a series has at most {} points. Take {} days or \
             fewer.</p>\n",
            SessionSeries::MAX_POINTS,
            SessionSeries::MAX_POINTS - 1
        ),
    };
    html += "<div class=\"columns\">\n";
    for figure in shares::figures(&report.stats)? {
        html += &figure.html();
    }
    html += "</div>\n";
    if report.stats.error_distribution.is_empty() {
        html += "<p class=\"note\">No query failed.</p>\n";
    }
    Ok(html)
}
