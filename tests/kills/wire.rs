//! A proxy between a service and one of its servers.

use fiml_testkit::proxy::FaultProxy;
use fiml_tests::place::Tiers;
use tokio::task::spawn_blocking;

/// A proxy before the server on a port, and the same tiers through it.
pub(crate) async fn through(port: u16, direct: &Tiers) -> (FaultProxy, Tiers) {
    // It brings a runtime of its own, which cannot start on a thread that drives one.
    let proxy = spawn_blocking(move || FaultProxy::start(port));
    let proxy = proxy.await.unwrap().unwrap();
    let change = |url: &str| url.replace(&format!(":{port}"), &format!(":{}", proxy.port()));
    let tiers = Tiers {
        redis_url: change(&direct.redis_url),
        database_url: change(&direct.database_url),
        ..direct.clone()
    };
    (proxy, tiers)
}
