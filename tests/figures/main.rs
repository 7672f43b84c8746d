//! Every figure against a slow recount, over random lives of sessions.
//!
//! Sessions are created, asked, tagged, extended, archived, brought back, deleted and purged; jobs run in any
//! order and number, here and in processes of their own; whoever does any of it may be gone between any two of
//! its steps, or killed; and analytics are switched off for a while. The recount reads the histories of the
//! sessions themselves and shares no code with what it checks.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![expect(
    clippy::print_stdout,
    reason = "how much was tried is for people to read"
)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the recount is in small numbers"
)]

mod act;
mod fuse;
mod recount;
mod running;
mod world;

use std::{cell::Cell, time::Duration};

use fiml_analytics::{StatsRequest, Step};
use fiml_session_core::{ErrorCode, SessionType, Timestamp, store::Scope};
use fiml_tests::{place::Tiers, whereabouts::Whereabouts};
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::{
    act::{Act, acts},
    recount::{asked, complete_since, period, points, stats},
    world::World,
};

const HOUR: Duration = Duration::from_hours(1);

/// Every kind of question, of which a few are asked after each act and all at the end.
fn requests(now: Timestamp) -> Vec<(Scope, StatsRequest)> {
    let last = |days| StatsRequest {
        days,
        ..StatsRequest::default()
    };
    let ann = || Some("ann".to_owned());
    let requests = [
        last(1),
        last(5),
        last(30),
        last(3_650),
        StatsRequest {
            session_type: Some(SessionType::Macro),
            ..last(30)
        },
        StatsRequest {
            from: Some(now.minus(50 * HOUR)),
            until: Some(now.minus(HOUR + Duration::from_secs(77))),
            ..last(1)
        },
        StatsRequest {
            until: Some(now.minus(30 * HOUR)),
            ..last(3)
        },
        StatsRequest {
            user_id: ann(),
            ..last(30)
        },
        StatsRequest {
            asset: Some("BTC".to_owned()),
            ..last(30)
        },
        StatsRequest {
            tag: Some("tech".to_owned()),
            user_id: ann(),
            ..last(9)
        },
    ];
    let scoped = [
        (Scope::Owner("bob".parse().unwrap()), last(30)),
        (Scope::Unowned, last(30)),
    ];
    let all = requests.into_iter().map(|request| (Scope::All, request));
    all.chain(scoped).collect()
}

/// Compares all that can be asked about one request.
async fn compare(world: &World, scope: &Scope, request: &StatsRequest) -> Result<(), String> {
    let (now, all, analytics) = (world.now(), world.counted(), &world.analytics);
    if !world.is_on() {
        let refused = analytics.get_session_stats(scope, request).await;
        return match refused.map_err(|error| error.code()) {
            Err(ErrorCode::AnalyticsDisabled) => Ok(()),
            told => Err(format!("switched off, analytics tell {told:?}")),
        };
    }
    let differ = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
        let (expected, found) = (format!("{expected:#?}"), format!("{found:#?}"));
        let lines = expected.lines().zip(found.lines());
        let lines = lines.filter(|(one, other)| one != other);
        let lines: Vec<_> = lines
            .map(|(one, other)| format!("{one}  but  {other}"))
            .collect();
        format!("{what} of {scope:?} {request:?} at {now}: {lines:#?}")
    };
    let of = period(request, now);
    let sessions = asked(&all, scope, request, of);
    let found = analytics.get_session_stats(scope, request).await.unwrap();
    let expected = stats(&sessions, of.0, now, &found);
    if found != expected {
        return Err(differ("the figures", &expected, &found));
    }
    let length = of.1.unwrap_or(now).since(of.0);
    let before = (of.0.minus(length), Some(of.0));
    let earlier = asked(&all, scope, request, before);
    let found = analytics.get_previous_session_stats(scope, request);
    let found = found.await.unwrap();
    let expected = stats(&earlier, before.0, now, &found);
    if found != expected {
        return Err(differ(
            "the figures of the period before",
            &expected,
            &found,
        ));
    }
    for (step, days) in [(Step::Day, 100), (Step::Hour, 10)] {
        if request.days > days {
            continue;
        }
        let found = analytics.get_session_series(scope, request, step);
        let found = found.await.unwrap();
        let told = (found.live_as_of, found.complete_since);
        if told != (now, complete_since(of.0, now)) {
            return Err(format!("the series tells {told:?} of itself at {now}"));
        }
        let (found, expected) = (found.points, points(&sessions, step, of, now));
        if found != expected {
            return Err(differ("the series", &expected, &found));
        }
    }
    Ok(())
}

/// How many processes were killed on the way.
async fn live_through(place: Whereabouts, acts: &[Act]) -> Result<u32, String> {
    let mut world = World::on(place).await;
    for (turn, act) in acts.iter().enumerate() {
        world.act(act).await;
        let requests = requests(world.now());
        for ask in 0..3 {
            let (scope, request) = &requests[(turn * 3 + ask) % requests.len()];
            let compared = compare(&world, scope, request).await;
            compared.map_err(|error| format!("after act {turn}, {act:?}: {error}"))?;
        }
    }
    world.switch(true);
    for (scope, request) in requests(world.now()) {
        let compared = compare(&world, &scope, &request).await;
        compared.map_err(|error| format!("at the end: {error}"))?;
    }
    Ok(world.killed)
}

/// Draws lives, and has each lived in a place of its own; the same ones in every run.
fn draw<G>(cases: u32, fresh: impl Fn() -> (Whereabouts, G)) {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let runtime = Runtime::new().unwrap();
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let (acted, killed) = (Cell::new(0), Cell::new(0));
    let lived = runner.run(&acts(), |acts| {
        let (place, guard) = fresh();
        let lived = runtime.block_on(live_through(place, &acts));
        drop(guard);
        let of_one = lived.map_err(proptest::test_runner::TestCaseError::fail)?;
        acted.set(acted.get() + acts.len());
        killed.set(killed.get() + of_one);
        Ok(())
    });
    if let Err(error) = lived {
        panic!("{error}");
    }
    let (acted, killed) = (acted.get(), killed.get());
    println!("{cases} lives of {acted} acts, {killed} processes killed at work");
    assert!(killed > 0);
}

#[test]
fn every_figure_agrees_with_a_recount_in_one_file() {
    draw(30, || {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sessions.db");
        (Whereabouts::File(file), folder)
    });
}

#[test]
fn every_figure_agrees_with_a_recount_on_redis_and_postgresql() {
    draw(8, || (Whereabouts::Servers(Tiers::shared()), ()));
}
