//! Which stores are used, and how they are put together.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use fiml_analytics::SessionAnalytics;
use fiml_market::{FilePrices, Market, MarketConfig};
use fiml_mcp::{McpServer, Services};
use fiml_session_core::{Invalid, SessionStore, Stores, SystemClock};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};

use crate::{config::Config, exit::Missing};

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

/// The session service on the file, which must be there already.
pub(crate) async fn stored_sessions(config: &Config) -> Result<SessionStore> {
    expect_file(config)?;
    sessions(config).await
}

/// Refuses a file that is not there, so that a mistyped name makes none.
pub(crate) fn expect_file(config: &Config) -> Result<()> {
    // Where nobody can say whether it is there, opening it says why.
    if config.data.try_exists().unwrap_or(true) {
        return Ok(());
    }
    Err(Missing::error(format!(
        "there is no file {}; fiml demo, fiml serve or fiml db create makes it",
        config.data.display()
    )))
}

/// The session service on the file, made where it is missing.
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
    let prices = FilePrices::open(path).await?;
    let report = prices.report().await?;
    for warning in &report.warnings {
        tracing::warn!("{warning}");
    }
    for rejected in &report.rejected {
        tracing::warn!("{} is left out: {}", rejected.file, rejected.reason);
    }
    Ok(Market::new(vec![Arc::new(prices)], MarketConfig::default()))
}

/// The MCP server over both.
pub(crate) fn server(market: Market, store: SessionStore) -> Result<McpServer> {
    Ok(McpServer::new(Services {
        analytics: SessionAnalytics::new(store.clone()),
        store,
        market: Arc::new(market),
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
