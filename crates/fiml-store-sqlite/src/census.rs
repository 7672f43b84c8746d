//! Counts live sessions by the index of expiries.

use async_trait::async_trait;
use diesel::{dsl::min, prelude::*};
use fiml_session_core::{
    Timestamp,
    store::{ActiveCensus, Census, StoreError},
};
use tracing::instrument;

use crate::{connect::SqliteStore, schema::sessions};

#[async_trait]
impl ActiveCensus for SqliteStore {
    #[instrument(level = "debug", skip_all)]
    async fn census(&self, at: Timestamp, due: Timestamp) -> Result<Census, StoreError> {
        self.read(move |conn| {
            let usable = || sessions::table.filter(sessions::quarantined_at.is_null());
            let active: i64 = usable()
                .filter(sessions::expires_at.gt(at.micros()))
                .count()
                .get_result(conn)?;
            let waiting = || usable().filter(sessions::expires_at.le(due.micros()));
            let oldest: Option<i64> = waiting()
                .select(min(sessions::expires_at))
                .get_result(conn)?;
            let quarantined: i64 = sessions::table
                .filter(sessions::quarantined_at.is_not_null())
                .count()
                .get_result(conn)?;
            let waiting: i64 = waiting().count().get_result(conn)?;
            Ok(Census {
                active: active.unsigned_abs(),
                waiting: waiting.unsigned_abs(),
                oldest: oldest.map(Timestamp::from_micros),
                quarantined: quarantined.unsigned_abs(),
            })
        })
        .await
    }
}
