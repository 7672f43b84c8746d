//! Which providers of prices are asked, where they are and as whom.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `FIML_PROVIDERS` | the providers to ask, in this order: names with commas between them, or `all` that have what they need | none |
//! | `FIML_YAHOO_TERMS` | `accepted`, by whoever has read Yahoo's terms and may use it under them | not accepted |
//! | `FIML_FINNHUB_KEY` | the key of your Finnhub account | none |
//! | `FIML_CONTACT` | your name and e-mail address, as the SEC demands them of who asks EDGAR | none |
//! | `FIML_COINBASE_URL` and the like | another address of a provider | its own |

mod market;

use std::{collections::BTreeMap, fmt};

use anyhow::Result;
use fiml_session_core::Invalid;

use crate::settings::{Settings, nearest};

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
    /// Whether all are asked that have what they need.
    is_all: bool,
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
            is_all: false,
            yahoo_terms,
            finnhub_key: text("FIML_FINNHUB_KEY")?,
            contact: text("FIML_CONTACT")?,
            urls,
        };
        read.asked = match settings.get(LIST)? {
            None => Vec::new(),
            Some(list) if list.eq_ignore_ascii_case("all") => {
                read.is_all = true;
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
            let known = Provider::ALL.into_iter();
            let mut same = known.filter(|known| known.name().eq_ignore_ascii_case(name));
            let provider = same.next().ok_or_else(|| unknown(name))?;
            let name = provider.name();
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

    /// What to set for a provider that is not asked.
    pub(crate) fn missing(&self, provider: Provider) -> Option<String> {
        if self.is_asked(provider) {
            return None;
        }
        let needs = provider.needs().filter(|_| !self.is_able(provider));
        let named = (!self.is_all).then(|| {
            let names = self.asked.iter().chain([&provider]);
            let names: Vec<&str> = names.map(|provider| provider.name()).collect();
            format!("{LIST}={}", names.join(","))
        });
        let all = needs.map(ToOwned::to_owned).into_iter().chain(named);
        Some(all.collect::<Vec<_>>().join(" and "))
    }

    pub(crate) fn is_asked(&self, provider: Provider) -> bool {
        self.asked.contains(&provider)
    }
}

fn unknown(name: &str) -> Invalid {
    let names = Provider::ALL.map(Provider::name);
    let near = nearest(&name.to_lowercase(), names.into_iter(), 2);
    let near = near.map(|near| format!("; did you mean {near}?"));
    let problem = format!(
        "names {name:?}, which is no provider{}",
        near.unwrap_or_default()
    );
    let limit = format!("all, or of {}", names.join(", "));
    Invalid::malformed(LIST, problem, limit)
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
        let loud = read(&[(LIST, "Coinbase")]).unwrap();
        assert_eq!(loud.asked, [Provider::Coinbase]);
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
    fn what_to_set_can_be_copied_as_it_stands() {
        let some = read(&[(LIST, "kraken,coinbase"), ("FIML_FINNHUB_KEY", "x")]).unwrap();
        let all = read(&[(LIST, "all")]).unwrap();
        for (settings, provider, told) in [
            (
                &some,
                Provider::Yahoo,
                "FIML_YAHOO_TERMS=accepted and FIML_PROVIDERS=kraken,coinbase,yahoo",
            ),
            (
                &some,
                Provider::Finnhub,
                "FIML_PROVIDERS=kraken,coinbase,finnhub",
            ),
            (&all, Provider::Finnhub, "FIML_FINNHUB_KEY=your key"),
        ] {
            assert_eq!(settings.missing(provider).as_deref(), Some(told));
        }
        assert_eq!(all.missing(Provider::Kraken), None);
        let slip = read(&[(LIST, "karken")]).unwrap_err();
        assert!(slip.problem.contains("did you mean kraken?"), "{slip}");
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
        assert!(
            format!("{error:#}").contains("FIML_KRAKEN_URL is \"http"),
            "{error:#}"
        );
    }
}
