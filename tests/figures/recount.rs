//! The slow, obvious recount: every figure from the histories of the sessions, one after the other.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use fiml_analytics::{
    AssetCount, Percentiles, SeriesPoint, SessionStats, StatsRequest, Step, TagCount,
};
use fiml_session_core::{QueryRecord, Session, Timestamp, store::Scope};

use crate::world::FIGURES_KEPT;

/// A session that counts.
#[derive(Debug)]
pub(crate) struct Counted<'a> {
    pub(crate) session: &'a Session,
    pub(crate) is_archived: bool,
}

const DAY: Duration = Duration::from_hours(24);

/// From when on, and before when, sessions of the period were created.
pub(crate) fn period(request: &StatsRequest, now: Timestamp) -> (Timestamp, Option<Timestamp>) {
    let end = request.until.unwrap_or(now);
    let from = request.from.unwrap_or_else(|| {
        let micros = end.minus(DAY * request.days).micros();
        Timestamp::from_micros(micros - micros % 3_600_000_000)
    });
    (from, request.until)
}

fn matches(session: &Session, scope: &Scope, request: &StatsRequest) -> bool {
    let owner = session.user_id.as_ref().map(ToString::to_string);
    let in_scope = match scope {
        Scope::All => true,
        Scope::Unowned => owner.is_none(),
        Scope::Owner(user) => owner == Some(user.to_string()),
    };
    let asset = |wanted: &String| session.assets.iter().any(|asset| asset.as_str() == wanted);
    let tag = |wanted: &String| session.tags.iter().any(|tag| tag.as_str() == wanted);
    in_scope
        && (request.user_id.is_none() || request.user_id == owner)
        && request
            .session_type
            .is_none_or(|wanted| wanted == session.session_type)
        && request.asset.as_ref().is_none_or(asset)
        && request.tag.as_ref().is_none_or(tag)
}

/// The sessions that are asked for, of a period.
pub(crate) fn asked<'a>(
    all: &'a [Counted<'a>],
    scope: &Scope,
    request: &StatsRequest,
    (from, before): (Timestamp, Option<Timestamp>),
) -> Vec<&'a Counted<'a>> {
    let created = |session: &Session| {
        from <= session.created_at && before.is_none_or(|before| session.created_at < before)
    };
    let wanted = |one: &&Counted<'_>| created(one.session) && matches(one.session, scope, request);
    all.iter().filter(wanted).collect()
}

/// Every figure of these sessions, which were created from an instant on; what was asked for is taken over as
/// it is.
pub(crate) fn stats(
    sessions: &[&Counted<'_>],
    from: Timestamp,
    now: Timestamp,
    told: &SessionStats,
) -> SessionStats {
    let all = || sessions.iter().map(|one| one.session);
    let queries: Vec<&QueryRecord> = all().flat_map(|one| one.state.history.queries()).collect();
    let count = |is_so: &dyn Fn(&Session) -> bool| all().filter(|one| is_so(one)).count() as u64;
    let length = |one: &Session| one.state.history.queries().len() as u64;
    let has_ended = |one: &Session| one.expires_at <= now;
    let ended = count(&has_ended);
    let abandoned = count(&|one| has_ended(one) && length(one) < 2);
    let hits = queries.iter().filter(|query| query.cache_hit).count();
    let durations: Vec<u64> = all().map(micros).collect();
    let times = queries.iter().filter_map(|query| query.execution_time_ms);
    let times = times.map(|ms| three_digits((ms * 1_000.0).round() as u64));
    SessionStats {
        total_sessions: sessions.len() as u64,
        active_sessions: sessions.len() as u64 - ended,
        archived_sessions: sessions.iter().filter(|one| one.is_archived).count() as u64,
        total_queries: queries.len() as u64,
        avg_duration_seconds: share(durations.iter().sum(), sessions.len()).map(|mean| mean / 1e6),
        avg_queries_per_session: share(queries.len() as u64, sessions.len()),
        abandonment_rate: share(abandoned, ended as usize),
        top_assets: top(all().flat_map(|one| names(&one.assets)))
            .into_iter()
            .map(|(symbol, count)| AssetCount { symbol, count })
            .collect(),
        popular_tags: top(all().flat_map(|one| names(&one.tags)))
            .into_iter()
            .map(|(tag, count)| TagCount { tag, count })
            .collect(),
        query_type_distribution: tally(queries.iter().map(|query| query.query_type.clone())),
        session_type_breakdown: tally(all().map(|one| one.session_type.to_string())),
        source_distribution: tally(queries.iter().filter_map(|query| query.source.clone())),
        error_distribution: tally(queries.iter().filter_map(|query| query.error.clone())),
        ended_sessions: ended,
        abandoned_sessions: abandoned,
        completed_sessions: ended - abandoned,
        cache_hit_rate: share(hits as u64, queries.len()),
        duration_seconds: percentiles(
            durations.iter().map(|micros| three_digits(micros / 1_000)),
            1_000.0,
        ),
        queries_per_session: percentiles(all().map(length), 1.0),
        execution_time_ms: percentiles(times, 1_000.0),
        complete_since: complete_since(from, now),
        live_as_of: now,
        ..told.clone()
    }
}

/// From when on figures are complete, where some of the period may have been purged.
pub(crate) fn complete_since(from: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let kept = now.minus(FIGURES_KEPT);
    (from < kept).then_some(kept)
}

/// A point for every hour or day from the first that the period touches to the last.
pub(crate) fn points(
    sessions: &[&Counted<'_>],
    step: Step,
    (from, before): (Timestamp, Option<Timestamp>),
    now: Timestamp,
) -> Vec<SeriesPoint> {
    let long = match step {
        Step::Hour => DAY / 24,
        Step::Day => DAY,
    };
    let last = before.map_or(now, |before| before.minus(Duration::from_micros(1)));
    let mut points = Vec::new();
    let micros = i64::try_from(long.as_micros()).unwrap();
    let mut start = Timestamp::from_micros(from.micros() - from.micros() % micros);
    while start <= last {
        let inside =
            |one: &&&Counted<'_>| (start..start.plus(long)).contains(&one.session.created_at);
        let of: Vec<_> = sessions
            .iter()
            .filter(inside)
            .map(|one| one.session)
            .collect();
        let queries: Vec<_> = of
            .iter()
            .flat_map(|one| one.state.history.queries())
            .collect();
        let ended: Vec<_> = of.iter().filter(|one| one.expires_at <= now).collect();
        let few = |one: &&&&Session| one.state.history.queries().len() < 2;
        points.push(SeriesPoint {
            start,
            total_sessions: of.len() as u64,
            ended_sessions: ended.len() as u64,
            abandoned_sessions: ended.iter().filter(few).count() as u64,
            total_queries: queries.len() as u64,
            avg_duration_seconds: share(of.iter().map(|one| self::micros(one)).sum(), of.len())
                .map(|mean| mean / 1e6),
            cache_hit_rate: share(
                queries.iter().filter(|query| query.cache_hit).count() as u64,
                queries.len(),
            ),
        });
        start = start.plus(long);
    }
    points
}

fn micros(session: &Session) -> u64 {
    (session.last_accessed_at.micros() - session.created_at.micros()).unsigned_abs()
}

fn names(values: &[impl ToString]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn tally(names: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut tally = BTreeMap::new();
    for name in names {
        *tally.entry(name).or_insert(0) += 1;
    }
    tally
}

fn top(names: impl Iterator<Item = String>) -> Vec<(String, u64)> {
    let mut ranked: Vec<_> = tally(names).into_iter().collect();
    ranked.sort_by_key(|(name, count)| (Reverse(*count), name.clone()));
    ranked.truncate(10);
    ranked
}

fn share(part: u64, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Halves up.
fn three_digits(value: u64) -> u64 {
    let digits = value.to_string().len();
    let unit = 10_u64.pow(u32::try_from(digits.saturating_sub(3)).unwrap());
    (value + unit / 2) / unit * unit
}

fn percentiles(values: impl Iterator<Item = u64>, unit: f64) -> Option<Percentiles> {
    let mut sorted: Vec<_> = values.collect();
    sorted.sort_unstable();
    // The smallest that at least so many of a hundred do not exceed.
    let at = |percent: usize| {
        let reached = |&place: &usize| place * 100 >= percent * sorted.len();
        let place = (1..=sorted.len()).find(reached)?;
        Some(sorted[place - 1] as f64 / unit)
    };
    Some(Percentiles {
        p50: at(50)?,
        p90: at(90)?,
        p95: at(95)?,
        p99: at(99)?,
    })
}
