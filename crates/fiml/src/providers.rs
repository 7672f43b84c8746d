//! Which providers of prices are asked, where they are and as whom.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `FIML_PROVIDERS` | the providers to ask, in this order: names with commas between them, or `all` that have what they need | none |
//! | `FIML_YAHOO_TERMS` | `accepted`, by whoever has read Yahoo's terms and may use it under them | not accepted |
//! | `FIML_FINNHUB_KEY` | the key of your Finnhub account | none |
//! | `FIML_CONTACT` | your name and e-mail address, as the SEC demands them of who asks EDGAR | none |
//! | `FIML_COINBASE_URL` and the like | another address of a provider | its own |

use std::{collections::BTreeMap, fmt, sync::Arc};

use anyhow::{Context, Result};
use fiml_market::{
    Coinbase, Edgar, EdgarConfig, Finnhub, FinnhubConfig, FundamentalsProvider, HttpClient, Kraken,
    Market, MarketConfig, MarketProvider, Treasury, Yahoo,
};
use fiml_session_core::Invalid;

use crate::{config::Settings, exit::Refused};

/// Every variable of providers that is read.
pub(crate) const NAMES: [&str; 10] = [
    LIST,
    "FIML_YAHOO_TERMS",
    "FIML_FINNHUB_KEY",
    "FIML_CONTACT",
    "FIML_COINBASE_URL",
    "FIML_KRAKEN_URL",
    "FIML_YAHOO_URL",
    "FIML_FINNHUB_URL",
    "FIML_EDGAR_URL",
    "FIML_TREASURY_URL",
];

const LIST: &str = "FIML_PROVIDERS";

/// A provider that can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Provider {
    Coinbase,
    Kraken,
    Yahoo,
    Finnhub,
    Edgar,
    Treasury,
}

impl Provider {
    pub(crate) const ALL: [Self; 6] = [
        Self::Coinbase,
        Self::Kraken,
        Self::Yahoo,
        Self::Finnhub,
        Self::Edgar,
        Self::Treasury,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Coinbase => "coinbase",
            Self::Kraken => "kraken",
            Self::Yahoo => "yahoo",
            Self::Finnhub => "finnhub",
            Self::Edgar => "edgar",
            Self::Treasury => "treasury",
        }
    }

    /// What it is asked for, in words.
    pub(crate) const fn answers_for(self) -> &'static str {
        match self {
            Self::Coinbase | Self::Kraken => "coins",
            Self::Yahoo => "shares, funds, indices",
            Self::Finnhub => "US shares and funds",
            Self::Edgar => "what US companies report",
            Self::Treasury => "US Treasury yields",
        }
    }

    /// A symbol that it knows the price of; the office knows no prices.
    pub(crate) const fn example(self) -> Option<&'static str> {
        match self {
            Self::Coinbase | Self::Kraken => Some("BTC-USD"),
            Self::Yahoo | Self::Finnhub => Some("AAPL"),
            Self::Treasury => Some("UST10Y"),
            Self::Edgar => None,
        }
    }

    /// What a person has to set before it can be asked, beside naming it.
    pub(crate) const fn needs(self) -> Option<&'static str> {
        match self {
            Self::Yahoo => Some("FIML_YAHOO_TERMS=accepted"),
            Self::Finnhub => Some("FIML_FINNHUB_KEY=your key"),
            Self::Edgar => Some("FIML_CONTACT=your name and e-mail address"),
            Self::Coinbase | Self::Kraken | Self::Treasury => None,
        }
    }

    const fn url_variable(self) -> &'static str {
        match self {
            Self::Coinbase => "FIML_COINBASE_URL",
            Self::Kraken => "FIML_KRAKEN_URL",
            Self::Yahoo => "FIML_YAHOO_URL",
            Self::Finnhub => "FIML_FINNHUB_URL",
            Self::Edgar => "FIML_EDGAR_URL",
            Self::Treasury => "FIML_TREASURY_URL",
        }
    }
}

/// What is configured of providers, proven.
#[derive(Clone, Default)]
pub(crate) struct MarketSettings {
    /// Those that are asked, in order.
    asked: Vec<Provider>,
    yahoo_terms: bool,
    finnhub_key: Option<String>,
    contact: Option<String>,
    urls: BTreeMap<Provider, String>,
}

impl fmt::Debug for MarketSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MarketSettings")
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

impl MarketSettings {
    pub(crate) fn read(settings: &Settings) -> Result<Self, Invalid> {
        let text = |name| Ok::<_, Invalid>(settings.get(name)?.map(ToOwned::to_owned));
        let yahoo_terms = match settings.get("FIML_YAHOO_TERMS")? {
            None => false,
            Some("accepted") => true,
            Some(other) => {
                let problem = format!("is {other:?}");
                let limit = "accepted, or not set";
                return Err(Invalid::malformed("FIML_YAHOO_TERMS", problem, limit));
            }
        };
        let mut urls = BTreeMap::new();
        for provider in Provider::ALL {
            if let Some(url) = text(provider.url_variable())? {
                urls.insert(provider, url);
            }
        }
        let mut read = Self {
            asked: Vec::new(),
            yahoo_terms,
            finnhub_key: text("FIML_FINNHUB_KEY")?,
            contact: text("FIML_CONTACT")?,
            urls,
        };
        read.asked = match settings.get(LIST)? {
            None => Vec::new(),
            Some("all") => {
                let able = Provider::ALL.into_iter();
                able.filter(|provider| read.is_able(*provider)).collect()
            }
            Some(list) => read.named(list)?,
        };
        Ok(read)
    }

    fn named(&self, list: &str) -> Result<Vec<Provider>, Invalid> {
        let mut named = Vec::new();
        for name in list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let known = Provider::ALL.into_iter().find(|known| known.name() == name);
            let Some(provider) = known else {
                let names = Provider::ALL.map(Provider::name).join(", ");
                let problem = format!("names {name:?}, which is no provider");
                return Err(Invalid::malformed(
                    LIST,
                    problem,
                    format!("all, or of {names}"),
                ));
            };
            if let Some(needs) = provider.needs().filter(|_| !self.is_able(provider)) {
                let problem = format!("names {name}, which cannot be asked yet");
                return Err(Invalid::malformed(
                    LIST,
                    problem,
                    format!("{name} only with {needs}"),
                ));
            }
            if !named.contains(&provider) {
                named.push(provider);
            }
        }
        Ok(named)
    }

    /// Whether all is set that a provider needs.
    pub(crate) const fn is_able(&self, provider: Provider) -> bool {
        match provider {
            Provider::Yahoo => self.yahoo_terms,
            Provider::Finnhub => self.finnhub_key.is_some(),
            Provider::Edgar => self.contact.is_some(),
            Provider::Coinbase | Provider::Kraken | Provider::Treasury => true,
        }
    }

    pub(crate) fn is_asked(&self, provider: Provider) -> bool {
        self.asked.contains(&provider)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<MarketSettings, Invalid> {
        MarketSettings::read(&Settings::from_pairs(pairs))
    }

    #[test]
    fn nobody_is_asked_who_is_not_named() {
        assert_eq!(read(&[]).unwrap().asked, []);
        let named = read(&[(LIST, "kraken, coinbase,kraken")]).unwrap();
        assert_eq!(named.asked, [Provider::Kraken, Provider::Coinbase]);
        let all = read(&[(LIST, "all"), ("FIML_CONTACT", "Ann ann@example.com")]).unwrap();
        let able = [
            Provider::Coinbase,
            Provider::Kraken,
            Provider::Edgar,
            Provider::Treasury,
        ];
        assert_eq!(all.asked, able);
    }

    #[test]
    fn a_provider_that_lacks_something_is_refused_with_what_to_set() {
        for (name, variable) in [
            ("yahoo", "FIML_YAHOO_TERMS=accepted"),
            ("finnhub", "FIML_FINNHUB_KEY"),
            ("edgar", "FIML_CONTACT"),
            ("stooq", "coinbase, kraken, yahoo"),
        ] {
            let error = read(&[(LIST, name)]).unwrap_err();
            assert!(error.limit.contains(variable), "{name}: {error}");
        }
        assert!(read(&[("FIML_YAHOO_TERMS", "yes")]).is_err());
        let accepted = read(&[(LIST, "yahoo"), ("FIML_YAHOO_TERMS", "accepted")]).unwrap();
        assert!(accepted.market(None).unwrap().is_configured());
    }

    #[test]
    fn keys_and_contacts_are_not_shown() {
        let settings = read(&[
            (LIST, "finnhub"),
            ("FIML_FINNHUB_KEY", "s3cret"),
            ("FIML_CONTACT", "ann@example.com"),
        ]);
        let shown = format!("{:?}", settings.unwrap());
        assert!(
            !shown.contains("s3cret") && !shown.contains("ann@"),
            "{shown}"
        );
    }

    #[test]
    fn an_address_that_is_neither_here_nor_encrypted_is_refused() {
        let elsewhere = [
            (LIST, "kraken"),
            ("FIML_KRAKEN_URL", "http://169.254.169.254"),
        ];
        let error = read(&elsewhere).unwrap().market(None).unwrap_err();
        assert!(format!("{error:#}").contains("https://HOST"), "{error:#}");
    }
}
