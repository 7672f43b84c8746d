//! What a company reports officially, each figure with the period it is of.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::number;

/// Official figures of a company; what it does not report is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fundamentals {
    /// Who published them, by name: `edgar`.
    pub source: String,
    /// The number the office knows the company by.
    pub company_id: String,
    /// The company's name there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its industry, in the office's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    /// Shares outstanding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares_outstanding: Option<Reported>,
    /// Diluted earnings per share of the last full year reported, in US dollars, or those that a company
    /// files as basic and diluted in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earnings_per_share: Option<Reported>,
    /// Revenue of the last full year reported, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revenue: Option<Reported>,
    /// The figures above that nobody knows whether the company reports: the office's limit was reached before
    /// they were asked for under all their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cut_short: Vec<&'static str>,
    /// When the office was asked, and first where it was not asked for all at once.
    pub fetched_at: DateTime<Utc>,
}

/// A figure and where it was reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reported {
    /// The figure.
    #[serde(serialize_with = "number::serialize")]
    pub value: Decimal,
    /// The office's name of it: a company may file one figure under different names over the years.
    pub concept: String,
    /// The day it is of, or the last day of its period.
    pub end: NaiveDate,
    /// The day it was filed.
    pub filed: NaiveDate,
    /// The form it was filed in.
    pub form: String,
}

/// Figures that rest on a price and on what the company reports, and so on two sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Valuation {
    /// The price times the shares outstanding, rounded to whole dollars. Absent where the count is older than
    /// 200 days, or not of a domestic filer (10-K, 10-Q): the US price of others is mostly one of a receipt
    /// for several shares. A split between the filing and the price is not seen.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub market_cap: Option<Decimal>,
    /// The price over the earnings per share of the last full year, where there are any; absent as the market
    /// cap is, where they are older than 500 days.
    #[serde(
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub pe_ratio: Option<Decimal>,
}

impl Valuation {
    /// Both, for a price in US dollars.
    pub(crate) fn of(price: Decimal, company: &Fundamentals) -> Self {
        let today = company.fetched_at.date_naive();
        let fits = |figure: &&Reported, days| {
            let is_domestic = figure.form.starts_with("10-K") || figure.form.starts_with("10-Q");
            is_domestic && (today - figure.end).num_days() <= days
        };
        let market_cap = company
            .shares_outstanding
            .as_ref()
            .filter(|shares| fits(shares, 200))
            .and_then(|shares| price.checked_mul(shares.value))
            .map(|cap| number::round(cap, 0));
        let pe_ratio = company
            .earnings_per_share
            .as_ref()
            .filter(|earnings| fits(earnings, 500))
            .filter(|earnings| earnings.value > Decimal::ZERO)
            .and_then(|earnings| price.checked_div(earnings.value))
            .map(|ratio| number::round(ratio, 2));
        Self {
            market_cap,
            pe_ratio,
        }
    }
}
