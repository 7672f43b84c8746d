//! Which stores are used, and how they are put together.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use fiml_analytics::SessionAnalytics;
use fiml_market::{FilePrices, Market, MarketConfig};
use fiml_mcp::{McpServer, Services};
use fiml_session_core::{SessionStore, Stores, SystemClock};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};

use crate::config::Config;

/// The file that the configuration names, made where it is missing.
pub(crate) async fn sqlite(config: &Config) -> Result<SqliteStore> {
    make_folder(&config.data)?;
    let store = SqliteStore::connect(SqliteConfig::new(&config.data)).await;
    store.with_context(|| format!("cannot open {}", config.data.display()))
}

/// The session service on it.
pub(crate) async fn sessions(config: &Config) -> Result<SessionStore> {
    let stores = Stores::single(Arc::new(sqlite(config).await?));
    Ok(SessionStore::new(
        stores,
        config.policy.clone(),
        Arc::new(SystemClock),
    ))
}

/// The market on the user's own prices; without any, one that says how to name them.
pub(crate) async fn market(prices: Option<&Path>) -> Result<Market> {
    let Some(path) = prices else {
        return Ok(Market::unconfigured());
    };
    let prices = FilePrices::open(path).await;
    let prices = prices.with_context(|| format!("cannot use the prices in {}", path.display()))?;
    for warning in prices.warnings().await? {
        tracing::warn!("{warning}");
    }
    Ok(Market::new(vec![Arc::new(prices)], MarketConfig::default()))
}

/// The MCP server over both.
pub(crate) async fn server(config: &Config) -> Result<McpServer> {
    let market = Arc::new(market(config.prices.as_deref()).await?);
    let store = sessions(config).await?;
    Ok(McpServer::new(Services {
        analytics: SessionAnalytics::new(store.clone()),
        store,
        market,
        local_user: LOCAL_USER.parse()?,
        retention: None,
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
