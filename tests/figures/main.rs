//! Every figure against a slow recount, over random lives of sessions.
//!
//! Sessions are created, asked, extended, archived, brought back, deleted and purged; jobs run in any order and
//! number; and whoever does any of it may be gone between any two of its steps. The recount reads the histories
//! of the sessions themselves and shares no code with what it checks.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the recount is in small numbers"
)]

mod act;
mod fuse;
mod fused;
mod fused_active;
mod fused_archive;
mod recount;
mod world;

use std::{sync::Arc, time::Duration};

use fiml_analytics::{StatsRequest, Step};
use fiml_session_core::{SessionType, Timestamp, store::Scope};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use fiml_tests::place::Tiers;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::{
    act::{Act, acts},
    recount::{asked, period, points, stats},
    world::{Empty, World},
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
    let expected = stats(&sessions, now, &found);
    if found != expected {
        return Err(differ("the figures", &expected, &found));
    }
    let length = of.1.unwrap_or(now).since(of.0);
    let before = (of.0.minus(length), Some(of.0));
    let earlier = asked(&all, scope, request, before);
    let found = analytics.get_previous_session_stats(scope, request);
    let found = found.await.unwrap();
    let expected = stats(&earlier, now, &found);
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
        let found = found.await.unwrap().points;
        let expected = points(&sessions, step, of, now);
        if found != expected {
            return Err(differ("the series", &expected, &found));
        }
    }
    Ok(())
}

async fn live_through(bare: Empty, acts: &[Act]) -> Result<(), String> {
    let mut world = World::on(bare);
    for (turn, act) in acts.iter().enumerate() {
        world.act(act).await;
        let requests = requests(world.now());
        for ask in 0..3 {
            let (scope, request) = &requests[(turn * 3 + ask) % requests.len()];
            let compared = compare(&world, scope, request).await;
            compared.map_err(|error| format!("after act {turn}, {act:?}: {error}"))?;
        }
    }
    for (scope, request) in requests(world.now()) {
        let compared = compare(&world, &scope, &request).await;
        compared.map_err(|error| format!("at the end: {error}"))?;
    }
    Ok(())
}

/// Draws lives, and has each lived in a place of its own; the same ones in every run.
fn draw<G, F>(cases: u32, fresh: impl Fn() -> F)
where
    F: Future<Output = (Empty, G)>,
{
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
    let lived = runner.run(&acts(), |acts| {
        let lived = runtime.block_on(async {
            let (bare, guard) = fresh().await;
            let lived = live_through(bare, &acts).await;
            drop(guard);
            lived
        });
        lived.map_err(proptest::test_runner::TestCaseError::fail)
    });
    if let Err(error) = lived {
        panic!("{error}");
    }
}

#[test]
fn every_figure_agrees_with_a_recount_in_one_file() {
    draw(30, || async {
        let folder = tempfile::tempdir().unwrap();
        let config = SqliteConfig::new(folder.path().join("sessions.db"));
        let file = Arc::new(SqliteStore::connect(config).await.unwrap());
        let bare = Empty {
            active: Arc::<SqliteStore>::clone(&file),
            archive: Arc::<SqliteStore>::clone(&file),
            metrics: Arc::<SqliteStore>::clone(&file),
            upkeep: file,
        };
        (bare, folder)
    });
}

#[test]
fn every_figure_agrees_with_a_recount_on_redis_and_postgresql() {
    draw(8, || async {
        let tiers = Tiers::shared();
        let archive = Arc::new(tiers.postgres().await);
        let bare = Empty {
            active: Arc::new(tiers.redis().await),
            archive: Arc::<fiml_store_pg::PgStore>::clone(&archive),
            metrics: Arc::<fiml_store_pg::PgStore>::clone(&archive),
            upkeep: archive,
        };
        (bare, ())
    });
}
