//! Which stores are used, and how they are put together.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use fiml_analytics::SessionAnalytics;
use fiml_market::{FilePrices, Market, MarketConfig, MarketProvider};
use fiml_mcp::{McpServer, Services};
use fiml_session_core::{
    Invalid, SessionStore, Stores, SystemClock, error_chain,
    store::{ActiveCensus, ArchiveUpkeep, Health, JobStore, StoreError, StoreHealth},
};
use fiml_store_pg::{ConnectError as PgConnectError, PgStore};
use fiml_store_redis::RedisStore;
use fiml_store_sqlite::{SqliteConfig, SqliteStore};

use crate::{config::Config, failures::Missing, servers::Servers};

/// The stores that the configuration names, open.
#[derive(Debug)]
pub(crate) struct Opened {
    /// What the service runs on.
    pub(crate) stores: Stores,
    /// What looks after archived sessions.
    pub(crate) upkeep: Arc<dyn ArchiveUpkeep>,
    /// Where runs of background jobs are claimed and recorded.
    pub(crate) jobs: Arc<dyn JobStore>,
    /// What counts live sessions.
    pub(crate) census: Arc<dyn ActiveCensus>,
    /// What tells their condition, the store of live sessions first.
    pub(crate) health: Vec<Arc<dyn StoreHealth>>,
}

impl Opened {
    /// The session service on them.
    pub(crate) fn sessions(&self, config: &Config) -> SessionStore {
        let policy = config.policy.clone();
        SessionStore::new(self.stores.clone(), policy, Arc::new(SystemClock))
    }

    /// The condition of each, or why it could not be told.
    pub(crate) async fn condition(&self) -> Vec<Result<Health, StoreError>> {
        let mut found = Vec::with_capacity(self.health.len());
        for store in &self.health {
            found.push(store.health().await);
        }
        found
    }
}

/// The stores that the configuration names: servers, or a file, made where it is missing.
pub(crate) async fn open(config: &Config) -> Result<Opened> {
    match &config.servers {
        Some(servers) => open_servers(servers).await,
        None => open_file(config).await,
    }
}

async fn open_servers(servers: &Servers) -> Result<Opened> {
    let redis = RedisStore::connect(servers.redis()).await?;
    let archive = PgStore::unconnected(servers.postgres()).await?;
    match archive.open().await {
        // Live sessions need no archive, and it is opened as soon as it answers.
        Err(error @ PgConnectError::Unreachable { .. }) => {
            tracing::warn!(
                "{}; until it answers, archived sessions are unavailable",
                error_chain(&error)
            );
        }
        opened => opened?,
    }
    let (live, archive) = (Arc::new(redis), Arc::new(archive));
    Ok(Opened {
        stores: Stores {
            active: Arc::<RedisStore>::clone(&live),
            archive: Arc::<PgStore>::clone(&archive),
            metrics: Arc::<PgStore>::clone(&archive),
        },
        upkeep: Arc::<PgStore>::clone(&archive),
        jobs: Arc::<PgStore>::clone(&archive),
        census: Arc::<RedisStore>::clone(&live),
        health: vec![live, archive],
    })
}

async fn open_file(config: &Config) -> Result<Opened> {
    let file = Arc::new(sqlite(config).await?);
    Ok(Opened {
        stores: Stores::single(Arc::<SqliteStore>::clone(&file)),
        upkeep: Arc::<SqliteStore>::clone(&file),
        jobs: Arc::<SqliteStore>::clone(&file),
        census: Arc::<SqliteStore>::clone(&file),
        health: vec![file],
    })
}

/// The file that the configuration names, made where it is missing.
pub(crate) async fn sqlite(config: &Config) -> Result<SqliteStore> {
    // The store would make a file of such a name and then fail to open it.
    if config.data.to_str().is_none() {
        let problem = format!("is {:?}, which is not UTF-8", config.data);
        let refused = Invalid::malformed("--data or FIML_DATA", problem, "a path in UTF-8");
        return Err(refused.into());
    }
    make_folder(&config.data)?;
    Ok(SqliteStore::connect(SqliteConfig::new(&config.data)).await?)
}

/// The session service on the servers, or on the file, which must be there already.
pub(crate) async fn stored_sessions(config: &Config) -> Result<SessionStore> {
    Ok(stored(config).await?.sessions(config))
}

/// The stores that the configuration names, which must be there already where they are a file.
pub(crate) async fn stored(config: &Config) -> Result<Opened> {
    expect_place(config)?;
    open(config).await
}

/// Refuses a file that is not there, so that a mistyped name makes none; servers say it themselves.
pub(crate) fn expect_place(config: &Config) -> Result<()> {
    // Where nobody can say whether it is there, opening it says why.
    if config.servers.is_some() || config.data.try_exists().unwrap_or(true) {
        return Ok(());
    }
    bail!(Missing(format!(
        "there is no file {}; fiml demo, fiml serve or fiml db create makes it",
        config.data.display()
    )))
}

/// The market on the user's own prices and the providers that are asked, with what is wrong with the prices;
/// without any, one that says how to name them.
pub(crate) async fn market(config: &Config) -> Result<(Market, Vec<String>)> {
    let (files, warnings): (Option<Arc<dyn MarketProvider>>, _) = match config.prices.as_deref() {
        Some(path) => {
            let (prices, warnings) = price_files(path).await?;
            (Some(Arc::new(prices)), warnings)
        }
        None => (None, Vec::new()),
    };
    Ok((config.market.market(files)?, warnings))
}

/// The market on a price file alone.
pub(crate) async fn market_of_files(path: &Path) -> Result<Market> {
    let (prices, _) = price_files(path).await?;
    Ok(Market::new(vec![Arc::new(prices)], MarketConfig::default()))
}

/// The user's own prices, and what is wrong with them, which is logged too.
pub(crate) async fn price_files(path: &Path) -> Result<(FilePrices, Vec<String>)> {
    let prices = FilePrices::open(path).await?;
    let report = prices.report().await?;
    let lines = report.warnings.iter().map(ToString::to_string);
    let files = report.rejected.iter();
    let files = files.map(|file| format!("{} is left out: {}", file.file, file.reason));
    let warnings: Vec<String> = lines.chain(files).collect();
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    Ok((prices, warnings))
}

/// The MCP server over both.
pub(crate) fn server(market: Market, store: SessionStore, config: &Config) -> Result<McpServer> {
    Ok(McpServer::new(Services {
        analytics: SessionAnalytics::new(store.clone()),
        store,
        market: Arc::new(market),
        local_user: LOCAL_USER.parse()?,
        retention: Some(config.jobs.retention()),
    }))
}

/// Whose sessions they are where a caller does not say.
pub(crate) const LOCAL_USER: &str = "local";

/// The folder of the file, made for its owner alone where it is missing.
pub(crate) fn make_folder(file: &Path) -> Result<&Path> {
    let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(Path::new("."));
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}
