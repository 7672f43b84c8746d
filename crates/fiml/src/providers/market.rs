//! The market over the providers that are asked.

use std::sync::Arc;

use anyhow::{Context, Result};
use fiml_market::{
    Coinbase, Edgar, EdgarConfig, Finnhub, FinnhubConfig, FundamentalsProvider, HttpClient,
    HttpSetupError, Kraken, Market, MarketConfig, MarketProvider, Treasury, Yahoo,
};
use fiml_session_core::Invalid;

use super::{MarketSettings, Provider};
use crate::failures::Refused;

impl MarketSettings {
    /// The market over the user's own prices, if there are any, and the providers that are asked.
    pub(crate) fn market(&self, files: Option<Arc<dyn MarketProvider>>) -> Result<Market> {
        self.market_of(&self.asked, files)
    }

    /// The market over one provider alone.
    pub(crate) fn market_of_one(&self, provider: Provider) -> Result<Market> {
        self.market_of(&[provider], None)
    }

    /// The office that companies report to.
    pub(crate) fn office(&self) -> Result<Arc<dyn FundamentalsProvider>> {
        Ok(Arc::new(self.edgar(&HttpClient::new()?)?))
    }

    fn market_of(
        &self,
        asked: &[Provider],
        files: Option<Arc<dyn MarketProvider>>,
    ) -> Result<Market> {
        let mut providers: Vec<Arc<dyn MarketProvider>> = files.into_iter().collect();
        let mut office: Option<Arc<dyn FundamentalsProvider>> = None;
        if !asked.is_empty() {
            let client = HttpClient::new()?;
            for provider in asked {
                let built = self.build(*provider, &client);
                let built = built
                    .map_err(|error| self.blamed(*provider, error))
                    .with_context(|| format!("{} cannot be asked", provider.name()))
                    .map_err(Refused::error)?;
                match built {
                    Built::Prices(prices) => providers.push(prices),
                    Built::Office(edgar) => office = Some(edgar),
                }
            }
        }
        let config = MarketConfig::default();
        Ok(Market::with_fundamentals(providers, office, config))
    }

    /// An error of a provider, by the setting that it is about.
    fn blamed(&self, provider: Provider, error: anyhow::Error) -> anyhow::Error {
        let url = self.urls.get(&provider);
        match (error.downcast_ref(), url) {
            (Some(HttpSetupError::Url { .. }), Some(url)) => {
                // What stands before an @ or behind a ? may be secret.
                let shown = match url.find(['@', '?']) {
                    None => format!("is {url:?}, which is no address of a provider"),
                    Some(_) => "is no address of a provider".to_owned(),
                };
                let limit = "https://HOST, or http:// on this machine alone";
                Invalid::malformed(provider.url_variable(), shown, limit).into()
            }
            _ => error,
        }
    }

    fn build(&self, provider: Provider, client: &HttpClient) -> Result<Built> {
        let url = |usual: &str| {
            let named = self.urls.get(&provider);
            named.map_or_else(|| usual.to_owned(), ToOwned::to_owned)
        };
        Ok(match provider {
            Provider::Coinbase => prices(Coinbase::new(client, &url(Coinbase::BASE_URL))?),
            Provider::Kraken => prices(Kraken::new(client, &url(Kraken::BASE_URL))?),
            Provider::Yahoo => prices(Yahoo::new(client, &url(Yahoo::BASE_URL))?),
            Provider::Treasury => prices(Treasury::new(client, &url(Treasury::BASE_URL))?),
            Provider::Finnhub => {
                let config = FinnhubConfig {
                    base_url: url(Finnhub::BASE_URL),
                    key: self.finnhub_key.clone().unwrap_or_default(),
                };
                prices(Finnhub::new(client, &config)?)
            }
            Provider::Edgar => Built::Office(Arc::new(self.edgar(client)?)),
        })
    }

    fn edgar(&self, client: &HttpClient) -> Result<Edgar> {
        let mut config = EdgarConfig::new(self.contact.clone().unwrap_or_default());
        if let Some(url) = self.urls.get(&Provider::Edgar) {
            config.site_url.clone_from(url);
            config.data_url.clone_from(url);
        }
        Ok(Edgar::new(client, &config)?)
    }
}

enum Built {
    Prices(Arc<dyn MarketProvider>),
    Office(Arc<dyn FundamentalsProvider>),
}

fn prices(provider: impl MarketProvider) -> Built {
    Built::Prices(Arc::new(provider))
}
