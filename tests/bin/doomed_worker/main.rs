//! A process that works on sessions until a step of its own kills it.
//!
//! For the tests of kills and of figures only. The protocol's steps are calls to the ports, so that its death
//! is put there, by decorators, and the product knows nothing of it. Its only argument is its [`Orders`].
//!
//! It prints `ready` once it is connected, `done` with the id after each session that it was told is extended
//! or deleted, and `purged` where it has removed figures.

mod work;

use std::{error::Error, sync::Arc};

use fiml_session_core::{ManualClock, Policy, SessionStore};
use fiml_tests::{
    doom::{Doom, say},
    orders::Orders,
    steps::{Stepped, Watch, stepped},
};

use crate::work::Worker;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let orders = std::env::args().nth(1).ok_or("there are no orders")?;
    let orders: Orders = serde_json::from_str(&orders)?;
    let doom: Arc<dyn Watch> = Arc::new(orders.doom.parse::<Doom>()?);
    let opened = orders.place.open().await;
    let mut policy = Policy {
        enable_analytics: orders.enable_analytics,
        metrics_retention: orders.figures_kept,
        ..Policy::default()
    };
    policy.limits.max_ttl = orders.longest_life;
    let clock = Arc::new(ManualClock::new(orders.at));
    let stores = stepped(opened.stores, &doom);
    let worker = Worker {
        store: SessionStore::new(stores, policy, Arc::<ManualClock>::clone(&clock)),
        upkeep: Arc::new(Stepped::new(opened.upkeep, &doom)),
        clock,
        orders,
    };
    say("ready")?;
    worker.run().await
}
