//! A server with everything behind it: the reference store, a clock that stands still, real price files.

use std::{sync::Arc, time::Duration};

use fiml_analytics::SessionAnalytics;
use fiml_market::{FilePrices, Market, MarketConfig};
use fiml_mcp::{McpServer, Services};
use fiml_session_core::{
    Clock as _, ManualClock, MemoryStore, Policy, SessionStore, Stores, Timestamp,
};
use tempfile::TempDir;

use crate::outage::Outage;

/// Monthly closes with a currency, and a coin whose price has none.
const PRICES: &str = "symbol,date,price,currency
AAPL,Feb 1 2010,204.62,USD
AAPL,Mar 1 2010,223.02,USD
MSFT,Feb 1 2010,28.67,
MSFT,Mar 1 2010,28.80,
BTC-USD,2010-02-01,1.25,USD
BTC-USD,2010-03-01,1.5,USD
";

/// What a test turns.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) live: Arc<Outage>,
    pub(crate) store: SessionStore,
    pub(crate) server: McpServer,
    /// Kept for as long as anybody asks.
    pub(crate) files: Arc<TempDir>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Policy::default()).await
    }

    pub(crate) async fn with(policy: Policy) -> Self {
        let files = TempDir::new().expect("a temporary folder");
        let path = files.path().join("prices.csv");
        std::fs::write(&path, PRICES).expect("a price file");
        let prices = FilePrices::open(&path).await.expect("prices");
        let market = Market::new(vec![Arc::new(prices)], MarketConfig::default());
        Self::over(policy, market, files)
    }

    /// A server that was not told where prices are.
    pub(crate) fn without_prices() -> Self {
        Self::over_market(Policy::default(), Market::unconfigured())
    }

    /// A server over a market that reads no files.
    pub(crate) fn over_market(policy: Policy, market: Market) -> Self {
        let files = TempDir::new().expect("a temporary folder");
        Self::over(policy, market, files)
    }

    fn over(policy: Policy, market: Market, files: TempDir) -> Self {
        let start = "2100-01-01T00:00:00Z".parse().expect("an instant");
        let clock = Arc::new(ManualClock::new(start));
        let memory = Arc::new(MemoryStore::new());
        let live = Arc::new(Outage::before(Arc::clone(&memory)));
        let stores = Stores {
            active: Arc::<Outage>::clone(&live),
            archive: Arc::<MemoryStore>::clone(&memory),
            metrics: memory,
        };
        let store = SessionStore::new(stores, policy, Arc::<ManualClock>::clone(&clock));
        let server = McpServer::new(Services {
            store: store.clone(),
            analytics: SessionAnalytics::new(store.clone()),
            market: Arc::new(market),
            local_user: "analyst".parse().expect("a user"),
            retention: None,
        });
        Self {
            clock,
            live,
            store,
            server,
            files: Arc::new(files),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn hours_pass(&self, hours: u64) {
        self.clock.advance(Duration::from_hours(hours));
    }
}
