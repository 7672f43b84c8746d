//! Asks for a company's filings and keeps what a reader of prices needs of them.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::http::{Endpoint, HttpClient, HttpSetupError, RateLimit};
use crate::text::printable;
use crate::{Fundamentals, FundamentalsProvider, MarketError, Reach, Reported, Symbol, Turn};

use super::companies::Companies;
use super::concept::{Concept, is_newest};

const NAME: &str = "edgar";
/// Of both hosts together; the list of companies, asked for once a day, fits into what is left over.
const LIMIT: RateLimit = RateLimit::new(10, 1);
const OF_THE_LIST: RateLimit = RateLimit::new(1, 1);

/// The name on the cover of every report. Those in the balance sheet are no other name of it: they may be of
/// one class of shares alone.
const SHARES: &str = "EntityCommonStockSharesOutstanding";
/// The second is for those who have nothing that dilutes, as after a loss.
const EARNINGS: [&str; 2] = ["EarningsPerShareDiluted", "EarningsPerShareBasicAndDiluted"];
/// The whole first: where a company files both, those from contracts may be a part of it.
const REVENUE: [&str; 3] = [
    "Revenues",
    "RevenueFromContractWithCustomerExcludingAssessedTax",
    "RevenueFromContractWithCustomerIncludingAssessedTax",
];

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
    /// Many at once would each take a part of the share, and none would have all its calls.
    one_company: Mutex<()>,
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
            one_company: Mutex::default(),
        })
    }

    /// A figure over all filings; `None` where the company reports none of that name.
    async fn concept(
        &self,
        company: &str,
        taxonomy: &str,
        concept: &str,
        turn: &Turn,
    ) -> Result<Option<Concept>, MarketError> {
        let file = format!("{concept}.json");
        let path = ["api", "xbrl", "companyconcept", company, taxonomy, &file];
        self.data.admit(1, turn).await?;
        self.data.json_if_any(&path).await
    }

    /// The figure of the latest full year under whichever of its names has it; the first of those that have
    /// the same year.
    async fn of_year(
        &self,
        company: &str,
        names: &[&str],
        unit: &str,
        turn: &Turn,
    ) -> Result<Option<Reported>, MarketError> {
        let today = turn.now().date_naive();
        let mut latest: Option<Reported> = None;
        for name in names {
            if latest.as_ref().is_some_and(|known| is_newest(known, today)) {
                break;
            }
            let facts = self.concept(company, "us-gaap", name, turn).await?;
            let found = facts.and_then(|facts| facts.latest_year(name, unit, today));
            let later =
                |found: &Reported| latest.as_ref().is_none_or(|known| known.end < found.end);
            latest = found.filter(later).or(latest);
        }
        Ok(latest)
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
        turn: &Turn,
    ) -> Result<Fundamentals, MarketError> {
        let number = self.companies.number(symbol, &self.site, turn).await?;
        let number = number.ok_or_else(|| MarketError::SymbolNotFound {
            symbol: symbol.to_string(),
            near: Vec::new(),
        })?;
        let company = format!("CIK{number:010}");
        let file = format!("{company}.json");
        let path = ["submissions", file.as_str()];
        let alone = turn.wait_for(self.one_company.lock()).await;
        let busy = "other companies are asked for before this one";
        let _alone = alone.ok_or_else(|| self.data.turned_away(busy, Duration::from_secs(1)))?;
        self.data.admit(1, turn).await?;
        let (about, shares, earnings, revenue) = tokio::try_join!(
            self.data.json::<Submissions>(&path, &[]),
            self.concept(&company, "dei", SHARES, turn),
            self.of_year(&company, &EARNINGS, "USD/shares", turn),
            self.of_year(&company, &REVENUE, "USD", turn),
        )?;
        let about = about.unwrap_or_default();
        let (now, today) = (turn.now(), turn.now().date_naive());
        let shown = |text: Option<String>| text.as_deref().map(printable);
        Ok(Fundamentals {
            source: NAME.to_owned(),
            company_id: company,
            name: shown(about.name),
            industry: shown(about.industry),
            shares_outstanding: shares.and_then(|facts| facts.latest(SHARES, "shares", today)),
            earnings_per_share: earnings,
            revenue,
            fetched_at: now,
        })
    }
}
