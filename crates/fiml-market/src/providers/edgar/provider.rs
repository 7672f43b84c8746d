//! Asks for a company's filings and keeps what a reader of prices needs of them.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::http::{Endpoint, HttpClient, HttpSetupError, RateLimit};
use crate::text::printable;
use crate::{Fundamentals, FundamentalsProvider, MarketError, Reach, Symbol};

use super::companies::Companies;
use super::concept::Concept;

const NAME: &str = "edgar";
/// Of both hosts together; the list of companies, asked for once a day, fits into what is left over.
const LIMIT: RateLimit = RateLimit::new(10, 1);
const OF_THE_LIST: RateLimit = RateLimit::new(1, 1);

/// Where the Commission is reached, and who asks.
#[derive(Clone)]
pub struct EdgarConfig {
    /// Where its list of companies is.
    pub site_url: String,
    /// Where its figures are.
    pub data_url: String,
    /// Who asks, as the Commission demands it: a name and an e-mail address.
    pub contact: String,
}

impl EdgarConfig {
    /// The Commission's own addresses.
    pub fn new(contact: impl Into<String>) -> Self {
        Self {
            site_url: "https://www.sec.gov".to_owned(),
            data_url: "https://data.sec.gov".to_owned(),
            contact: contact.into(),
        }
    }
}

impl fmt::Debug for EdgarConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdgarConfig")
            .field("site_url", &self.site_url)
            .field("data_url", &self.data_url)
            .finish_non_exhaustive()
    }
}

/// EDGAR, the Commission's archive of filings.
#[derive(Debug)]
pub struct Edgar {
    site: Endpoint,
    data: Endpoint,
    companies: Companies,
}

impl Edgar {
    /// The archive at an address, asked in somebody's name.
    pub fn new(client: &HttpClient, config: &EdgarConfig) -> Result<Self, HttpSetupError> {
        let endpoint = |url: &str, limit| {
            Endpoint::new(NAME, client, url, limit)?.with_header(
                "user-agent",
                &config.contact,
                "the contact for EDGAR",
            )
        };
        Ok(Self {
            site: endpoint(&config.site_url, OF_THE_LIST)?,
            data: endpoint(&config.data_url, LIMIT)?,
            companies: Companies::default(),
        })
    }

    /// A figure over all filings; `None` where the company reports none of that name.
    async fn concept(
        &self,
        company: &str,
        taxonomy: &str,
        concept: &str,
    ) -> Result<Option<Concept>, MarketError> {
        let file = format!("{concept}.json");
        let path = ["api", "xbrl", "companyconcept", company, taxonomy, &file];
        self.data.admit(1).await?;
        self.data.json_if_any(&path).await
    }

    async fn revenue(&self, company: &str) -> Result<Option<Concept>, MarketError> {
        let newer = "RevenueFromContractWithCustomerExcludingAssessedTax";
        match self.concept(company, "us-gaap", newer).await? {
            Some(concept) => Ok(Some(concept)),
            None => self.concept(company, "us-gaap", "Revenues").await,
        }
    }
}

/// `/submissions/CIK….json`.
#[derive(Debug, Default, Deserialize)]
struct Submissions {
    name: Option<String>,
    #[serde(rename = "sicDescription")]
    industry: Option<String>,
}

#[async_trait]
impl FundamentalsProvider for Edgar {
    fn name(&self) -> &str {
        NAME
    }

    fn reach(&self) -> Reach {
        Reach::Network(LIMIT)
    }

    fn licence(&self) -> Option<&'static str> {
        Some("SEC EDGAR filings; public domain.")
    }

    fn closed_for(&self) -> Option<Duration> {
        self.site.closed_for().max(self.data.closed_for())
    }

    async fn fundamentals(
        &self,
        symbol: &Symbol,
        now: DateTime<Utc>,
    ) -> Result<Fundamentals, MarketError> {
        let number = self.companies.number(symbol, &self.site, now).await?;
        let number = number.ok_or_else(|| MarketError::SymbolNotFound {
            symbol: symbol.to_string(),
            near: Vec::new(),
        })?;
        let company = format!("CIK{number:010}");
        let file = format!("{company}.json");
        let path = ["submissions", file.as_str()];
        self.data.admit(1).await?;
        let (about, shares, earnings, revenue) = tokio::try_join!(
            self.data.json::<Submissions>(&path, &[]),
            self.concept(&company, "dei", "EntityCommonStockSharesOutstanding"),
            self.concept(&company, "us-gaap", "EarningsPerShareDiluted"),
            self.revenue(&company),
        )?;
        let about = about.unwrap_or_default();
        let today = now.date_naive();
        let shown = |text: Option<String>| text.as_deref().map(printable);
        Ok(Fundamentals {
            source: NAME.to_owned(),
            company_id: company,
            name: shown(about.name),
            industry: shown(about.industry),
            shares_outstanding: shares.and_then(|facts| facts.latest("shares", today)),
            earnings_per_share: earnings.and_then(|facts| facts.latest_year("USD/shares", today)),
            revenue: revenue.and_then(|facts| facts.latest_year("USD", today)),
            fetched_at: now,
        })
    }
}
