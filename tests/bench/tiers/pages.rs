//! A page of one user's sessions, by how many others there are, and in round trips.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fiml_session_core::{
    ListRequest, SessionStore,
    store::{ActiveStore, Page, Scope, SessionFilter},
};
use fiml_store_redis::RedisStore;
use fiml_tests::place::Tiers;
use redis::{Client, aio::MultiplexedConnection};

use crate::{
    ROUNDS,
    far::FarServer,
    report::{Side, compare},
    servers::{Servers, now, service},
    sessions::{fill, session},
};

const PAGE: usize = 50;
/// Pages of a side in a round.
const EACH: usize = 30;
/// How long a byte takes to a server that is far away.
const AWAY: Duration = Duration::from_millis(20);

pub(crate) async fn of_one_user(servers: &Servers) {
    let (many, few) = (servers.tiers(), servers.tiers());
    populate(&many, 100_000).await;
    populate(&few, 1_000).await;
    by_population(&many, &few).await;
    in_round_trips(servers, &few).await;
    servers.empty_redis();
}

/// So many live sessions, of which one user has 50 and another 500, among those of others.
async fn populate(tiers: &Tiers, sessions: usize) {
    let (store, start) = (Arc::new(tiers.redis().await), now());
    fill(&store, sessions, move |n| {
        let owner = if n % (sessions / 500) == 0 {
            owner_of(500)
        } else if n % (sessions / 50) == 1 {
            owner_of(50)
        } else {
            format!("other_{}", n / 50)
        };
        let apart = Duration::from_millis(100) * u32::try_from(n).unwrap();
        session(&owner, start.minus(apart), 0)
    })
    .await;
}

fn owner_of(sessions: usize) -> String {
    format!("owner_of_{sessions}")
}

fn request(owned: usize, include_archived: bool) -> (Scope, ListRequest) {
    let scope = Scope::Owner(owner_of(owned).parse().unwrap());
    let request = ListRequest {
        limit: PAGE,
        include_archived,
        ..ListRequest::default()
    };
    (scope, request)
}

async fn by_population(many: &Tiers, few: &Tiers) {
    let (many, few) = (service(many).await, service(few).await);
    for (owned, include_archived) in [(50, false), (500, false), (50, true), (500, true)] {
        let (scope, request) = request(owned, include_archived);
        let mut sides = (Side::default(), Side::default());
        for round in 0..=ROUNDS {
            let times = (
                pages(&many, &scope, &request, EACH).await,
                pages(&few, &scope, &request, EACH).await,
            );
            if round > 0 {
                sides.0.push(times.0);
                sides.1.push(times.1);
            }
        }
        compare(
            &format!(
                "a page of {PAGE} of a user with {owned}, {}",
                tell(include_archived)
            ),
            ("among 100,000", &sides.0),
            ("among 1,000", &sides.1),
            "at most 1.2",
        );
    }
}

const fn tell(include_archived: bool) -> &'static str {
    if include_archived {
        "expired and archived too"
    } else {
        "unexpired ones"
    }
}

/// The same page of a Redis that is far away; PostgreSQL, where it is asked, is near.
async fn in_round_trips(servers: &Servers, tiers: &Tiers) {
    let far = FarServer::start(servers.redis.port(), AWAY).await;
    let tiers = Tiers {
        redis_url: format!("redis://127.0.0.1:{}", far.port),
        ..tiers.clone()
    };
    let store = service(&tiers).await;
    let client = Client::open(tiers.redis_url.as_str()).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    for (owned, include_archived) in [(50, false), (500, false), (50, true), (500, true)] {
        let (scope, request) = request(owned, include_archived);
        let mut sides = (Side::default(), Side::default());
        for round in 0..=ROUNDS {
            let times = (
                pages(&store, &scope, &request, 2).await,
                pings(&mut link).await,
            );
            if round > 0 {
                sides.0.push(times.0);
                sides.1.push(times.1);
            }
        }
        compare(
            &format!(
                "round trips: a page of {PAGE} of a user with {owned}, {}, Redis 20 ms away",
                tell(include_archived)
            ),
            ("list_user_sessions", &sides.0),
            ("PING", &sides.1),
            "at most 2",
        );
    }
    without_a_total(&tiers.redis().await, &mut link).await;
}

/// What a page takes in the store alone, which does not count what is on the others.
async fn without_a_total(store: &RedisStore, link: &mut MultiplexedConnection) {
    let (scope, _) = request(500, false);
    let limit = PAGE.try_into().unwrap();
    let mut sides = (Side::default(), Side::default());
    for round in 0..=ROUNDS {
        let mut times = Vec::new();
        for _ in 0..2 {
            let started = Instant::now();
            let page = Page { after: None, limit };
            let listed = store.list(&scope, &SessionFilter::default(), page).await;
            times.push(started.elapsed());
            assert_eq!(listed.unwrap().len(), PAGE);
        }
        let pings = pings(link).await;
        if round > 0 {
            sides.0.push(times);
            sides.1.push(pings);
        }
    }
    compare(
        "round trips: the page alone, without the total, Redis 20 ms away",
        ("ActiveStore::list", &sides.0),
        ("PING", &sides.1),
        "none; what is left is the total",
    );
}

/// The first page, again and again.
async fn pages(
    store: &SessionStore,
    scope: &Scope,
    request: &ListRequest,
    count: usize,
) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        let page = store.list_user_sessions(scope, request).await.unwrap();
        times.push(started.elapsed());
        assert_eq!(page.sessions.len(), PAGE);
    }
    times
}

async fn pings(link: &mut MultiplexedConnection) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..2 {
        let started = Instant::now();
        let () = redis::cmd("PING").query_async(link).await.unwrap();
        times.push(started.elapsed());
    }
    times
}
