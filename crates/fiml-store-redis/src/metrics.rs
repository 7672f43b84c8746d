//! The figures of live sessions, read without their histories.

use fiml_session_core::{
    SessionMetrics,
    store::{MetricsFilter, Scope, StoreError},
};
use redis::cmd;

use crate::{
    bytes::{Place, place, place_id},
    header::{self, FIELDS},
    keys::Part,
    link::Call,
    list::{Whose, pass_over},
    store::RedisStore,
    tally,
    walk::{Stretch, Walk},
};

/// How many indexes are walked at once, and how many sessions are read between two looks at the time.
const BATCH: (usize, usize) = (128, 2_000);

impl RedisStore {
    pub(crate) async fn live_metrics(
        &self,
        scope: &Scope,
        filter: &MetricsFilter,
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        let whose = Whose::of(scope, filter.user_id.as_ref());
        let whole_call = self.reads(None);
        let mut rows = Vec::new();
        for keys in whose.keys(self).chunks(BATCH.0) {
            let stretch = Stretch::newest_before(filter.created_before, filter.created_from);
            let mut walk = Walk::new(self, keys.to_vec(), stretch, BATCH.1);
            loop {
                // There may be more of everybody's sessions than one call has time for.
                let call = match whose {
                    Whose::Everybodys => self.reads(None),
                    Whose::Owners(_) | Whose::Nobodys => whole_call,
                };
                let places = walk.next(call, BATCH.1).await?;
                if places.is_empty() {
                    break;
                }
                let found = self.figures(call, &places).await?;
                rows.extend(
                    found
                        .into_iter()
                        .filter(|row| scope.covers(row.user_id.as_ref()) && filter.covers(row)),
                );
            }
        }
        Ok(rows)
    }

    async fn figures(
        &self,
        call: Call,
        places: &[Place],
    ) -> Result<Vec<SessionMetrics>, StoreError> {
        let reads = places.iter().map(|place| {
            let id = place_id(place);
            let mut read = cmd("HGETALL");
            read.arg(self.keys.of(id, Part::Header));
            (Some(id), read)
        });
        let reads: Vec<_> = reads.collect();
        let found: Vec<Result<Fields, _>> = self.link.reads_where_readable(call, reads).await?;
        let found = places.iter().zip(found);
        let rows = found.filter_map(|(place, fields)| {
            let row = fields.and_then(|fields| read(place, &fields));
            row.unwrap_or_else(|error| {
                pass_over(place, &error);
                None
            })
        });
        Ok(rows.collect())
    }
}

/// Every field of a header, with its value.
type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// The figures in the fields of a header; none where there is no session any more.
fn read(at: &Place, fields: &Fields) -> Result<Option<SessionMetrics>, StoreError> {
    let id = place_id(at);
    let field = |name: &str| {
        let found = fields.iter().find(|(field, _)| field == name.as_bytes());
        found.map(|(_, value)| value.clone())
    };
    let header = header::decode(id, &FIELDS.map(field).to_vec())?;
    // An index may name a session of the same id that is older.
    let header = header.filter(|header| place(header.created_at, id) == *at);
    header
        .map(|header| tally::metrics(header, fields))
        .transpose()
}
