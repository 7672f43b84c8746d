//! What answers say of themselves: as of when, and since when they are complete.

use std::time::Duration;

use fiml_analytics::{SessionAnalytics, StatsRequest, Step, parse_instant};
use fiml_session_core::{ErrorCode, Policy, Session, SessionId, SessionType, store::Scope};

use crate::house::{House, house};

const DAY: Duration = Duration::from_hours(24);

async fn all(house: &House, request: &StatsRequest) -> fiml_analytics::SessionStats {
    let stats = house.analytics.get_session_stats(&Scope::All, request);
    stats.await.unwrap()
}

#[tokio::test]
async fn a_period_behind_the_retention_of_figures_says_since_when_it_is_complete() {
    let house = house(Policy {
        metrics_retention: 10 * DAY,
        ..Policy::default()
    });
    house
        .session("ann", SessionType::Equity, &["IBM"], &[])
        .await;
    // A period begins with an hour, so that it is a little longer than it says.
    house.clock.advance(Duration::from_mins(7));
    let kept = house.store.now().minus(10 * DAY);
    for (days, complete_since) in [(3, None), (9, None), (10, Some(kept)), (30, Some(kept))] {
        let request = StatsRequest {
            days,
            ..StatsRequest::default()
        };
        let stats = all(&house, &request).await;
        assert_eq!(stats.complete_since, complete_since, "{days} days");
        let series = house
            .analytics
            .get_session_series(&Scope::All, &request, Step::Day);
        assert_eq!(series.await.unwrap().complete_since, complete_since);
        let previous = house
            .analytics
            .get_previous_session_stats(&Scope::All, &request);
        let reaches_back = (2 * days >= 10).then_some(kept);
        assert_eq!(previous.await.unwrap().complete_since, reaches_back);
    }
    for (from, complete_since) in [
        (kept, None),
        (kept.minus(Duration::from_micros(1)), Some(kept)),
    ] {
        let request = StatsRequest {
            from: Some(from),
            ..StatsRequest::default()
        };
        assert_eq!(all(&house, &request).await.complete_since, complete_since);
    }
    let export = house
        .analytics
        .export_session_metrics(&Scope::All, &StatsRequest::default());
    assert_eq!(export.unwrap().complete_since(), Some(kept));
}

/// Makes sessions beyond the service, whose checks would take long for so many.
async fn live(house: &House, sessions: usize) -> SessionId {
    let first = house
        .session("ann", SessionType::Equity, &["IBM"], &["tech"])
        .await;
    let active = &house.store.stores().active;
    let one = active.get(&Scope::All, first).await.unwrap().unwrap();
    for n in 1..sessions {
        let id = format!("01890a5d-ac96-774b-bcce-{n:012x}").parse().unwrap();
        let session = Session { id, ..one.clone() };
        active.insert(&session.into()).await.unwrap();
    }
    first
}

#[tokio::test]
async fn a_few_live_sessions_are_read_anew_for_every_question() {
    let house = house(Policy::default());
    live(&house, SessionAnalytics::FRESH_SESSIONS).await;
    for _ in 0..2 {
        let stats = all(&house, &StatsRequest::default()).await;
        assert_eq!(stats.live_as_of, house.store.now());
        house.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn very_many_live_sessions_are_those_of_a_snapshot_for_up_to_a_minute() {
    let house = house(Policy::default());
    let many = SessionAnalytics::FRESH_SESSIONS + 1;
    let first = live(&house, many).await;
    let begin = house.store.now();
    let everybody = StatsRequest::default();
    assert_eq!(all(&house, &everybody).await.live_as_of, begin);

    house.clock.advance(Duration::from_secs(30));
    let new = house
        .session("bob", SessionType::Macro, &["GDP"], &["new"])
        .await;
    let stats = all(&house, &everybody).await;
    assert_eq!(
        (stats.live_as_of, stats.total_sessions),
        (begin, many as u64)
    );
    let of_type = StatsRequest {
        session_type: Some(SessionType::Macro),
        ..StatsRequest::default()
    };
    let stats = all(&house, &of_type).await;
    assert_eq!((stats.live_as_of, stats.total_sessions), (begin, 0));
    let series = house
        .analytics
        .get_session_series(&Scope::All, &everybody, Step::Day);
    assert_eq!(series.await.unwrap().live_as_of, begin);
    // One user's are read anew.
    let of_bob = StatsRequest {
        user_id: Some("bob".to_owned()),
        ..StatsRequest::default()
    };
    let stats = all(&house, &of_bob).await;
    assert_eq!(
        (stats.live_as_of, stats.total_sessions),
        (house.store.now(), 1)
    );
    let scope = Scope::Owner("bob".parse().unwrap());
    let stats = house.analytics.get_session_stats(&scope, &everybody);
    assert_eq!(stats.await.unwrap().live_as_of, house.store.now());

    // What moves into the archive meanwhile still counts once, whether the snapshot has it or not.
    for id in [first, new] {
        house.store.archive_session(&Scope::All, id).await.unwrap();
    }
    let stats = all(&house, &everybody).await;
    assert_eq!(stats.live_as_of, begin);
    assert_eq!(
        (stats.total_sessions, stats.archived_sessions),
        (many as u64 + 1, 1)
    );

    house.clock.advance(Duration::from_secs(31));
    let stats = all(&house, &everybody).await;
    assert_eq!(stats.live_as_of, house.store.now());
    assert_eq!(
        (stats.total_sessions, stats.archived_sessions),
        (many as u64 + 1, 2)
    );
}

#[test]
fn an_instant_is_a_day_or_rfc_3339() {
    for (text, instant) in [
        ("2026-11-26", "2026-11-26T00:00:00Z"),
        ("2026-11-26T08:30:00Z", "2026-11-26T08:30:00Z"),
        ("2026-11-26T08:30:00+01:00", "2026-11-26T07:30:00Z"),
    ] {
        let parsed = parse_instant("from", text).unwrap();
        assert_eq!(parsed, instant.parse().unwrap(), "{text}");
    }
    for text in [
        "",
        "yesterday",
        "2026-13-01",
        "2026-11-26T08:30:00",
        "26.11.2026",
    ] {
        let refused = parse_instant("from", text).unwrap_err();
        assert_eq!(refused.argument, "from", "{text}");
        assert_eq!(refused.code(), ErrorCode::InvalidArgument);
        assert!(refused.limit.contains("2026-11-26T08:30:00Z"));
    }
}
