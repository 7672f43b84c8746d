//! Asks for a company's filings and keeps what a reader of prices needs of them.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDate;

use crate::http::{Endpoint, HttpClient, HttpSetupError, RateLimit};
use crate::text::printable;
use crate::{
    FailureKind, Fundamentals, FundamentalsProvider, MarketError, Reach, Reported, Symbol, Turn,
};

use super::companies::Companies;
use super::concept::{Concept, is_newest};
use super::gathered::{About, Gathered, Gathering};

const NAME: &str = "edgar";
/// Of both hosts together; the list of companies, asked for once a day, fits into what is left over.
const LIMIT: RateLimit = RateLimit::new(10, 1);
const OF_THE_LIST: RateLimit = RateLimit::new(1, 1);

/// A figure of a company, and the names it may be filed under.
#[derive(Debug)]
struct Wanted {
    figure: &'static str,
    taxonomy: &'static str,
    unit: &'static str,
    /// That of a full year, where it is not of a day.
    of_year: bool,
    /// The first is asked for with the others of the company; the others where it brings no newest year.
    names: &'static [&'static str],
}

/// By the name on the cover of every report. Those in the balance sheet are no other name of it: they may be of
/// one class of shares alone.
const SHARES: Wanted = Wanted {
    figure: "shares_outstanding",
    taxonomy: "dei",
    unit: "shares",
    of_year: false,
    names: &["EntityCommonStockSharesOutstanding"],
};
/// The second name is for those who have nothing that dilutes, as after a loss.
const EARNINGS: Wanted = Wanted {
    figure: "earnings_per_share",
    taxonomy: "us-gaap",
    unit: "USD/shares",
    of_year: true,
    names: &["EarningsPerShareDiluted", "EarningsPerShareBasicAndDiluted"],
};
/// The whole first: where a company files both, those from contracts may be a part of it.
const REVENUE: Wanted = Wanted {
    figure: "revenue",
    taxonomy: "us-gaap",
    unit: "USD",
    of_year: true,
    names: &[
        "Revenues",
        "RevenueFromContractWithCustomerExcludingAssessedTax",
        "RevenueFromContractWithCustomerIncludingAssessedTax",
    ],
};
const FIGURES: [Wanted; 3] = [SHARES, EARNINGS, REVENUE];

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
    gathered: Gathered,
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
            gathered: Gathered::default(),
        })
    }

    /// What a company is, where that is not known yet.
    async fn about(&self, gathering: &Gathering) -> Result<(), MarketError> {
        if gathering.about().is_none() {
            let file = format!("{}.json", gathering.company());
            let about = self.data.json(&["submissions", &file], &[]).await?;
            gathering.add_about(about.unwrap_or_default());
        }
        Ok(())
    }

    /// A figure under one of its names, where that was not asked for yet.
    async fn named(
        &self,
        gathering: &Gathering,
        wanted: &Wanted,
        name: &'static str,
        today: NaiveDate,
    ) -> Result<(), MarketError> {
        if gathering.figure(name).is_none() {
            let file = format!("{name}.json");
            let (company, taxonomy) = (gathering.company(), wanted.taxonomy);
            let path = ["api", "xbrl", "companyconcept", company, taxonomy, &file];
            let facts: Option<Concept> = self.data.json_if_any(&path).await?;
            let figure = facts.and_then(|facts| match wanted.of_year {
                true => facts.latest_year(name, wanted.unit, today),
                false => facts.latest(name, wanted.unit, today),
            });
            gathering.add_figure(name, figure);
        }
        Ok(())
    }

    /// What every company is asked for, admitted together and asked at once; what one of the calls brings is
    /// not lost over another that fails.
    async fn ask_all(&self, gathering: &Gathering, turn: &Turn) -> Result<(), MarketError> {
        let known = |wanted: &Wanted| gathering.figure(wanted.names[0]).is_some();
        let unknown = FIGURES.iter().filter(|wanted| !known(wanted)).count();
        let calls = unknown + usize::from(gathering.about().is_none());
        if calls > 0 {
            self.data.admit(calls as u32, turn).await?;
        }
        let today = turn.now().date_naive();
        let named = |wanted| self.named(gathering, wanted, wanted.names[0], today);
        let (about, shares, earnings, revenue) = tokio::join!(
            self.about(gathering),
            named(&SHARES),
            named(&EARNINGS),
            named(&REVENUE),
        );
        about.and(shares).and(earnings).and(revenue)
    }

    /// The figure under whichever of its names has it for the latest time; the first of those that have the
    /// same.
    ///
    /// Nothing where the share of calls does not suffice for all the names that have to be asked for: that of
    /// one name may be years old.
    async fn figure(
        &self,
        gathering: &Gathering,
        wanted: &Wanted,
        turn: &Turn,
    ) -> Result<Found, MarketError> {
        let today = turn.now().date_naive();
        let mut latest: Option<Reported> = None;
        for name in wanted.names {
            if latest.as_ref().is_some_and(|known| is_newest(known, today)) {
                break;
            }
            if gathering.figure(name).is_none() {
                match self.data.admit(1, turn).await {
                    Err(error) if error.failure() == Some(FailureKind::LimitReached) => {
                        return Ok(Found::CutShort(wanted.figure));
                    }
                    admitted => admitted?,
                }
                self.named(gathering, wanted, name, today).await?;
            }
            let found = gathering.figure(name).flatten();
            let later =
                |found: &Reported| latest.as_ref().is_none_or(|known| known.end < found.end);
            latest = found.filter(later).or(latest);
        }
        Ok(Found::Is(latest))
    }
}

/// What was found of a figure.
enum Found {
    /// It, or that the company does not report it.
    Is(Option<Reported>),
    /// Nobody knows: the share of calls was used up before.
    CutShort(&'static str),
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
        let gathering = self.gathered.of(number, turn.now());
        self.ask_all(&gathering, turn).await?;
        let (shares, earnings, revenue) = tokio::try_join!(
            self.figure(&gathering, &SHARES, turn),
            self.figure(&gathering, &EARNINGS, turn),
            self.figure(&gathering, &REVENUE, turn),
        )?;
        let mut cut_short = Vec::new();
        let mut known = |found| match found {
            Found::Is(figure) => figure,
            Found::CutShort(figure) => {
                cut_short.push(figure);
                None
            }
        };
        let About { name, industry } = gathering.about().unwrap_or_default();
        let shown = |text: Option<String>| text.as_deref().map(printable);
        let company = Fundamentals {
            source: NAME.to_owned(),
            company_id: gathering.company().to_owned(),
            name: shown(name),
            industry: shown(industry),
            shares_outstanding: known(shares),
            earnings_per_share: known(earnings),
            revenue: known(revenue),
            cut_short,
            // What was gathered for an earlier question is as old as that.
            fetched_at: gathering.begun_at().min(turn.now()),
        };
        if company.cut_short.is_empty() {
            self.gathered.is_complete(number);
        }
        Ok(company)
    }
}
