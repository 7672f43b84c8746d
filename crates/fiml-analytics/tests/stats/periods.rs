//! Figures by asset, tag and time.

use std::time::Duration;

use fiml_analytics::{Change, StatsRequest, Step};
use fiml_session_core::{ErrorCode, Policy, SessionType, store::Scope};

use crate::house::house;

const DAY: Duration = Duration::from_hours(24);

fn last_days(days: u32) -> StatsRequest {
    StatsRequest {
        days,
        ..StatsRequest::default()
    }
}

#[tokio::test]
async fn an_asset_and_a_tag_narrow_the_figures_of_live_and_archived_sessions() {
    let house = house(Policy::default());
    let first = house
        .session("ann", SessionType::Equity, &["IBM", "AAPL"], &["tech"])
        .await;
    house
        .session("ann", SessionType::Equity, &["AAPL"], &[])
        .await;
    house
        .store
        .archive_session(&Scope::All, first)
        .await
        .unwrap();
    house
        .session("bob", SessionType::Macro, &["GDP", "IBM"], &["tech"])
        .await;
    for (asset, tag, sessions) in [
        (None, None, 3),
        (Some("ibm"), None, 2),
        (Some("AAPL"), None, 2),
        (None, Some("tech"), 2),
        (Some("AAPL"), Some("tech"), 1),
        (Some("GDP"), Some("energy"), 0),
    ] {
        let request = StatsRequest {
            asset: asset.map(str::to_owned),
            tag: tag.map(str::to_owned),
            ..StatsRequest::default()
        };
        let stats = house
            .analytics
            .get_session_stats(&Scope::All, &request)
            .await
            .unwrap();
        assert_eq!(stats.total_sessions, sessions, "{request:?}");
        assert_eq!(stats.asset.is_some(), asset.is_some());
    }
    let refused = StatsRequest {
        asset: Some(" ".to_owned()),
        ..StatsRequest::default()
    };
    let error = house
        .analytics
        .get_session_stats(&Scope::All, &refused)
        .await
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
}

#[tokio::test]
async fn the_period_before_ends_where_the_period_begins() {
    let house = house(Policy::default());
    for sessions in [3, 1] {
        for _ in 0..sessions {
            let id = house
                .session("ann", SessionType::Equity, &["IBM"], &[])
                .await;
            house.query(id, 1.0, sessions == 1, None).await;
        }
        house.clock.advance(7 * DAY - Duration::from_secs(60));
    }
    let request = last_days(7);
    let now = house
        .analytics
        .get_session_stats(&Scope::All, &request)
        .await
        .unwrap();
    let before = house
        .analytics
        .get_previous_session_stats(&Scope::All, &request)
        .await
        .unwrap();
    assert_eq!((before.total_sessions, now.total_sessions), (3, 1));
    assert_eq!((before.ended_sessions, now.ended_sessions), (3, 1));
    let change = Change::between(&before, &now);
    assert_eq!((change.total_sessions, change.total_queries), (-2, -2));
    assert_eq!(change.cache_hit_rate, Some(1.0));
}

#[tokio::test]
async fn a_series_has_every_day_and_adds_up_to_the_figures_of_the_period() {
    let house = house(Policy::default());
    for day in 0..5 {
        for _ in 0..day {
            let id = house
                .session("ann", SessionType::Equity, &["IBM"], &[])
                .await;
            house.query(id, 1.0, false, None).await;
        }
        house.clock.advance(DAY);
        // Some lie in the archive, the last ones are live.
        if day < 3 {
            house.store.cleanup_expired_sessions().await.unwrap();
        }
    }
    let request = last_days(6);
    let stats = house
        .analytics
        .get_session_stats(&Scope::All, &request)
        .await
        .unwrap();
    for step in [Step::Day, Step::Hour] {
        let series = house
            .analytics
            .get_session_series(&Scope::All, &request, step);
        let series = series.await.unwrap();
        let sum =
            |of: fn(&fiml_analytics::SeriesPoint) -> u64| series.points.iter().map(of).sum::<u64>();
        assert_eq!(sum(|point| point.total_sessions), stats.total_sessions);
        assert_eq!(sum(|point| point.total_queries), stats.total_queries);
        assert_eq!(sum(|point| point.ended_sessions), stats.ended_sessions);
        assert_eq!(
            sum(|point| point.abandoned_sessions),
            stats.abandoned_sessions
        );
        let starts = series.points.windows(2);
        let step = if step == Step::Day { DAY } else { DAY / 24 };
        assert!(
            starts
                .into_iter()
                .all(|two| two[1].start == two[0].start.plus(step))
        );
    }
    let per_day = house
        .analytics
        .get_session_series(&Scope::All, &request, Step::Day);
    let per_day: Vec<_> = per_day
        .await
        .unwrap()
        .points
        .iter()
        .map(|day| day.total_sessions)
        .collect();
    assert_eq!(per_day, [0, 0, 1, 2, 3, 4, 0]);
}

#[tokio::test]
async fn a_summary_names_the_days_of_one_user() {
    let house = house(Policy::default());
    for (user, sessions) in [("ann", 1), ("bob", 5), ("ann", 3), ("ann", 3)] {
        for _ in 0..sessions {
            house
                .session(user, SessionType::Equity, &["IBM"], &[])
                .await;
        }
        house.clock.advance(DAY);
    }
    let summary = house
        .analytics
        .get_user_session_summary(&Scope::All, "ann", 30);
    let summary = summary.await.unwrap();
    assert_eq!((summary.stats.total_sessions, summary.active_days), (7, 3));
    let busiest = summary.busiest_day.unwrap();
    assert_eq!(busiest.total_sessions, 3);
    assert_eq!(
        busiest.start,
        Step::Day.start(house.store.now().minus(DAY)),
        "the latest"
    );
    assert_eq!(summary.change.total_sessions, 7);
    let nobody = house
        .analytics
        .get_user_session_summary(&Scope::All, "eve", 30);
    assert_eq!(nobody.await.unwrap().busiest_day, None);
}

#[tokio::test]
async fn a_period_may_be_named_by_its_ends() {
    let house = house(Policy::default());
    let begin = house.store.now();
    for _ in 0..4 {
        let id = house
            .session("ann", SessionType::Equity, &["IBM"], &[])
            .await;
        house.query(id, 1.0, false, None).await;
        house.clock.advance(DAY - Duration::from_secs(10));
    }
    let between = |from: u32, until: Option<u32>| StatsRequest {
        from: Some(begin.plus(DAY * from)),
        until: until.map(|day| begin.plus(DAY * day)),
        ..StatsRequest::default()
    };
    for (request, sessions, days) in [
        (between(0, None), 4, 4),
        (between(1, Some(3)), 2, 2),
        (between(3, Some(9)), 1, 6),
    ] {
        let stats = house
            .analytics
            .get_session_stats(&Scope::All, &request)
            .await
            .unwrap();
        assert_eq!((stats.total_sessions, stats.period_days), (sessions, days));
        assert_eq!((stats.from, stats.until), (request.from, request.until));
    }
    let middle = between(1, Some(3));
    let before = house
        .analytics
        .get_previous_session_stats(&Scope::All, &middle)
        .await
        .unwrap();
    assert_eq!((before.total_sessions, before.until), (1, middle.from));
    let series = house
        .analytics
        .get_session_series(&Scope::All, &middle, Step::Day)
        .await
        .unwrap();
    let per_day: Vec<_> = series.points.iter().map(|day| day.total_sessions).collect();
    assert_eq!(per_day, [1, 1]);
    let until = StatsRequest {
        until: Some(begin.plus(DAY * 2)),
        ..last_days(1)
    };
    let stats = house
        .analytics
        .get_session_stats(&Scope::All, &until)
        .await
        .unwrap();
    assert_eq!(stats.total_sessions, 1);
    for refused in [between(3, Some(3)), between(9, None)] {
        let error = house
            .analytics
            .get_session_stats(&Scope::All, &refused)
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.argument()),
            (ErrorCode::InvalidArgument, Some("from"))
        );
    }
}
