//! The contract of live sessions, each test under a prefix of its own, on one server and on a cluster.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

use fiml_store_redis::{RedisConfig, RedisStore};
use fiml_testkit::servers::unique;

async fn connect(url: String) -> Box<RedisStore> {
    let key_prefix = unique("fiml");
    let config = RedisConfig {
        key_prefix,
        ..RedisConfig::new(url)
    };
    Box::new(RedisStore::connect(config).await.unwrap())
}

mod one_server {
    use fiml_testkit::servers::shared_redis;

    async fn fresh() -> Box<super::RedisStore> {
        super::connect(shared_redis().url()).await
    }

    fiml_testkit::active_store_suite!(fresh);
    fiml_testkit::active_census_suite!(fresh);
}

mod a_cluster {
    use fiml_testkit::servers::shared_redis_cluster;

    async fn fresh() -> Box<super::RedisStore> {
        super::connect(shared_redis_cluster().url()).await
    }

    fiml_testkit::active_store_suite!(fresh);
    fiml_testkit::active_census_suite!(fresh);
}
