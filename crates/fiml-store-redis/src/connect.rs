//! Finds out what answers, and checks that sessions there are laid out as this program knows.

use std::time::Duration;

use fiml_session_core::store::StoreError;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo, RedisError, TlsCertificates,
    aio::{ConnectionManagerConfig, MultiplexedConnection},
    cluster::ClusterClient,
    cmd,
};
use tokio::time::timeout;

use crate::{
    config::RedisConfig,
    error::ConnectError,
    keys::{BUCKETS, Keys},
    link::Link,
    single::Single,
    socket::{tcp_settings, watchful},
    store::RedisStore,
};

/// How keys and values are laid out; another layout has another number.
const LAYOUT: u16 = 1;
/// How many calls may wait to be written to a connection at once.
const PIPELINE_BUFFER: usize = 1_024;
/// Between two attempts to connect anew; short, because calls wait for them.
const RECONNECT_PAUSES: (Duration, Duration) =
    (Duration::from_millis(50), Duration::from_millis(250));

impl RedisStore {
    /// Connects to the server, or to the cluster that it is a node of; fails at once where there is none.
    pub async fn connect(config: RedisConfig) -> Result<Self, ConnectError> {
        check_prefix(&config.key_prefix)?;
        // TLS panics where the process has no provider of cryptography; one that is set already stays.
        let _set_already = rustls::crypto::ring::default_provider().install_default();
        let nodes = Nodes::of(&config)?;
        let (address, mut probe) = nodes.first_that_answers(&config).await?;
        let said: Result<String, _> = cmd("INFO").arg("cluster").query_async(&mut probe).await;
        let said = said.map_err(|error| ConnectError::at(address.clone(), error))?;
        let is_cluster = said.contains("cluster_enabled:1");
        if !is_cluster && nodes.infos.len() > 1 {
            return Err(ConnectError::NotACluster { address });
        }
        let at = |error: RedisError| ConnectError::at(address.clone(), error);
        let link = nodes.link(&config, is_cluster).await.map_err(at)?;
        let mut full_reads = Vec::new();
        for _ in 0..config.full_read_connections.get() {
            full_reads.push(nodes.link(&config, is_cluster).await.map_err(at)?);
        }
        let keys = Keys::new(config.key_prefix);
        let addresses = nodes.addresses();
        let store = Self::new(keys, link, full_reads, config.timeout, addresses);
        store.check_layout(&address).await?;
        Ok(store)
    }

    /// Writes down how sessions are laid out where nobody has, and refuses another layout.
    async fn check_layout(&self, address: &str) -> Result<(), ConnectError> {
        let key = self.keys.meta();
        let mut found = self.layout(&key, address).await?;
        // Each field by itself, so that neither a crash between them nor another at work leaves one for ever.
        if found.0.is_none() || found.1.is_none() {
            for (field, value) in [("buckets", BUCKETS), ("layout", LAYOUT)] {
                let mut write = cmd("HSETNX");
                write.arg(&key).arg(field).arg(value);
                let written: Result<bool, _> = self.command(self.changes(None), &write).await;
                written.map_err(|error| refusal(&key, address, error))?;
            }
            found = self.layout(&key, address).await?;
        }
        let (buckets, layout) = found;
        let (Some(buckets), Some(layout)) = (buckets, layout) else {
            return Err(ConnectError::NotOurs { key });
        };
        if layout != LAYOUT.to_string() {
            let (found, known) = (layout, LAYOUT);
            return Err(ConnectError::OtherLayout { key, found, known });
        }
        if buckets != BUCKETS.to_string() {
            let (found, known) = (buckets, BUCKETS);
            return Err(ConnectError::OtherBuckets { key, found, known });
        }
        Ok(())
    }

    async fn layout(&self, key: &str, address: &str) -> Result<Layout, ConnectError> {
        let mut read = cmd("HMGET");
        read.arg(key).arg("buckets").arg("layout");
        let found = self.command(self.reads(None), &read).await;
        found.map_err(|error| refusal(key, address, error))
    }
}

/// The number of buckets and of the layout, as they are written down.
type Layout = (Option<String>, Option<String>);

/// Why the layout could not be checked.
fn refusal(key: &str, address: &str, error: StoreError) -> ConnectError {
    let address = address.to_owned();
    let source = match error {
        StoreError::Corrupt { .. } => {
            let key = key.to_owned();
            return ConnectError::NotOurs { key };
        }
        StoreError::Unavailable { source, .. }
        | StoreError::Backend { source, .. }
        | StoreError::Full { source, .. }
        | StoreError::OutcomeUnknown { source, .. } => source,
        other => {
            return ConnectError::Failed {
                address,
                source: other.into(),
            };
        }
    };
    match source.downcast::<RedisError>() {
        Ok(error) => ConnectError::at(address, *error),
        Err(source) => ConnectError::Unreachable { address, source },
    }
}

fn check_prefix(prefix: &str) -> Result<(), ConnectError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if (1..=64).contains(&prefix.len()) && prefix.chars().all(allowed) {
        return Ok(());
    }
    let prefix = prefix.to_owned();
    Err(ConnectError::InvalidPrefix { prefix })
}

/// The servers that were named.
struct Nodes {
    infos: Vec<ConnectionInfo>,
    certificates: Option<TlsCertificates>,
}

impl Nodes {
    fn of(config: &RedisConfig) -> Result<Self, ConnectError> {
        let urls = config.url.split(',').map(str::trim);
        let infos: Result<Vec<_>, RedisError> = urls
            .map(|url| Ok(watchful(url.into_connection_info()?, config.timeout)))
            .collect();
        // The driver's own text may repeat the address with its password.
        let infos = infos.map_err(|error| ConnectError::InvalidUrl {
            problem: format!("cannot be read: {}", error.category()),
        })?;
        let root_cert = config.root_certificates.clone();
        let certificates = root_cert.map(|root_cert| TlsCertificates {
            client_tls: None,
            root_cert: Some(root_cert),
        });
        Ok(Self {
            infos,
            certificates,
        })
    }

    /// Where they are, without credentials.
    fn addresses(&self) -> String {
        let addresses = self.infos.iter().map(|info| info.addr().to_string());
        addresses.collect::<Vec<_>>().join(", ")
    }

    fn client(&self, info: &ConnectionInfo) -> Result<Client, RedisError> {
        match &self.certificates {
            Some(certificates) if is_tls(info) => {
                Client::build_with_tls(info.clone(), certificates.clone())
            }
            _ => Client::open(info.clone()),
        }
    }

    async fn first_that_answers(
        &self,
        config: &RedisConfig,
    ) -> Result<(String, MultiplexedConnection), ConnectError> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(config.timeout))
            .set_response_timeout(Some(config.timeout));
        let mut refusal = None;
        for info in &self.infos {
            let address = info.addr().to_string();
            let client = self
                .client(info)
                .map_err(|error| ConnectError::at(address.clone(), error))?;
            let connecting = client.get_multiplexed_async_connection_with_config(&settings);
            let error = match timeout(config.timeout, connecting).await {
                Ok(Ok(connection)) => return Ok((address, connection)),
                Ok(Err(error)) => ConnectError::at(address, error),
                Err(elapsed) => ConnectError::Unreachable {
                    address,
                    source: elapsed.into(),
                },
            };
            refusal.get_or_insert(error);
        }
        Err(refusal.unwrap_or_else(|| ConnectError::InvalidUrl {
            problem: "is empty".to_owned(),
        }))
    }

    async fn link(&self, config: &RedisConfig, is_cluster: bool) -> Result<Link, RedisError> {
        if is_cluster {
            // Its own retries would repeat changes whose connection broke.
            let mut builder = ClusterClient::builder(self.infos.clone())
                .retries(0)
                .connection_timeout(config.timeout)
                .response_timeout(config.timeout)
                .tcp_settings(tcp_settings(config.timeout));
            if let Some(certificates) = &self.certificates {
                builder = builder.certs(certificates.clone());
            }
            let connection = builder.build()?.get_async_connection().await?;
            return Ok(Link::Cluster(connection));
        }
        let (shortest, longest) = RECONNECT_PAUSES;
        let settings = ConnectionManagerConfig::new()
            .set_min_delay(shortest)
            .set_max_delay(longest)
            .set_number_of_retries(1)
            .set_connection_timeout(Some(config.timeout))
            .set_response_timeout(Some(config.timeout))
            .set_pipeline_buffer_size(PIPELINE_BUFFER);
        let client = self.client(&self.infos[0])?;
        Ok(Link::Single(Single::connect(client, settings).await?))
    }
}

fn is_tls(info: &ConnectionInfo) -> bool {
    matches!(info.addr(), redis::ConnectionAddr::TcpTls { .. })
}
