//! Whether the server would keep what the store acknowledges.

use async_trait::async_trait;
use diesel::{
    data_types::PgTimestamp,
    sql_types::{BigInt, Bool, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use fiml_session_core::store::{Finding, Health, Severity, StoreError, StoreHealth};
use futures_util::FutureExt;
use tracing::instrument;

use crate::{
    connect::PgStore,
    error::STORE,
    migrate::{SchemaVersion, schema_version},
    sql::{Composed, from_postgres},
};

#[async_trait]
impl StoreHealth for PgStore {
    #[instrument(level = "debug", skip_all)]
    async fn health(&self) -> Result<Health, StoreError> {
        let asked = self.read(|conn| {
            async move {
                let schema = schema_version(conn).await?;
                let condition: Condition = Composed::<ConditionColumns>::new()
                    .sql(CONDITION)
                    .get_result(conn)
                    .await?;
                Ok((schema, condition))
            }
            .boxed()
        });
        let (schema, (said, mut flags, (connections, limit), clock)) = asked.await?;
        let (version, commit) = said;
        flags.4 |= self.connector().address.is_local();
        let mut findings = findings(flags, &commit);
        findings.extend(outdated(&schema));
        // The last few are kept for administrators; a pool that meets the end of the rest cannot grow.
        if connections * 10 >= limit * 9 {
            findings.push(Finding {
                severity: Severity::Warning,
                found: format!("{connections} of {limit} connections are in use"),
                remedy: "raise max_connections, or lower the pool sizes of those who connect"
                    .to_owned(),
            });
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(Health {
            store: STORE,
            version,
            clock: Some(from_postgres(clock)),
            findings,
        })
    }
}

/// Version and `synchronous_commit`; fsync, full-page writes, replica, read-only, encrypted;
/// connections and how many there may be; the clock.
type Condition = (
    (String, String),
    (bool, bool, bool, bool, bool),
    (i64, i64),
    PgTimestamp,
);
type ConditionColumns = (
    (Text, Text),
    (Bool, Bool, Bool, Bool, Bool),
    (BigInt, BigInt),
    Timestamptz,
);

/// `synchronous_commit` as it is set for everybody: this connection may have raised its own. Connections are
/// counted where everybody may see those of others.
const CONDITION: &str = "SELECT current_setting('server_version'), \
     (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'), \
     current_setting('fsync')::bool, current_setting('full_page_writes')::bool, pg_is_in_recovery(), \
     (SELECT reset_val::bool FROM pg_settings WHERE name = 'default_transaction_read_only'), \
     coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), \
     (SELECT sum(numbackends)::bigint FROM pg_stat_database), \
     current_setting('max_connections')::bigint \
     - current_setting('superuser_reserved_connections')::bigint, clock_timestamp()";

fn findings(
    (fsync, full_pages, replica, read_only, private): (bool, bool, bool, bool, bool),
    commit: &str,
) -> Vec<Finding> {
    let known = [
        (
            !fsync,
            Severity::Danger,
            "fsync is off: a crash of the machine loses or damages everything",
            "set fsync = on",
        ),
        (
            !full_pages,
            Severity::Danger,
            "full_page_writes is off: a crash of the machine may damage pages",
            "set full_page_writes = on",
        ),
        (
            replica,
            Severity::Danger,
            "the server is a replica and refuses writes",
            "name the primary in DATABASE_URL",
        ),
        (
            read_only,
            Severity::Danger,
            "transactions are read-only by default, so writes are refused",
            "set default_transaction_read_only = off",
        ),
        (
            !private,
            Severity::Warning,
            "the connection is not encrypted",
            "add sslmode=verify-full to DATABASE_URL",
        ),
        (
            commit == "off",
            Severity::Note,
            "synchronous_commit is off; the archive turns it on for itself",
            "",
        ),
    ];
    let found = known.into_iter().filter(|(is_so, ..)| *is_so);
    found
        .map(|(_, severity, found, remedy)| Finding {
            severity,
            found: found.to_owned(),
            remedy: remedy.to_owned(),
        })
        .collect()
}

fn outdated(schema: &SchemaVersion) -> Option<Finding> {
    (!schema.is_current()).then(|| Finding {
        severity: Severity::Warning,
        found: format!(
            "the tables have schema version {}, and this program has {}",
            schema.found + schema.unknown,
            schema.known
        ),
        remedy: "run the newer program everywhere, and `fiml db migrate`".to_owned(),
    })
}
