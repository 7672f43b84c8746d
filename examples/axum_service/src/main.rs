//! The MCP server mounted in an axum service of one's own, over a store of one's own.

#![expect(clippy::print_stdout, reason = "an example prints what it did")]

mod client;

use std::{path::Path, sync::Arc};

use anyhow::Result;
use axum::{Router, routing::get};
use fiml_analytics::SessionAnalytics;
use fiml_market::Market;
use fiml_mcp::{HttpConfig, McpServer, Services, http, serve_http};
use fiml_session_core::{Policy, SessionStore, Stores, SystemClock};
use fiml_store_sqlite::{SqliteConfig, SqliteStore};
use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot};

async fn service(file: &Path, limits: &HttpConfig) -> Result<Router> {
    let file = Arc::new(SqliteStore::connect(SqliteConfig::new(file)).await?);
    let stores = Stores::single(Arc::clone(&file));
    let store = SessionStore::new(stores, Policy::default(), Arc::new(SystemClock));
    let server = McpServer::new(Services {
        analytics: SessionAnalytics::new(store.clone()),
        store,
        market: Arc::new(Market::unconfigured()),
        local_user: "analyst".parse()?,
        retention: None,
    });
    Ok(Router::new()
        .route("/", get(|| async { "a service with a memory" }))
        .merge(server.router(limits))
        .merge(http::health(vec![("sessions".to_owned(), file)], limits)))
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let limits = HttpConfig::default();
    let service = service(&folder.path().join("sessions.db"), &limits).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // A service that runs for longer would wait for a signal here.
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        serve_http(listener, service, &limits, async { drop(stopped.await) }).await
    });

    println!("GET /       {}", client::get(address, "/").await?);
    println!("GET /ready  {}", client::get(address, "/ready").await?);
    let new = json!({"assets": ["AAPL", "GOOG"], "sessionType": "comparative"});
    let created = client::call(address, "create-analysis-session", &new).await?;
    println!("POST /mcp   {created}");

    drop(stop);
    serving.await??;
    Ok(())
}
