//! Yields of the United States' debt from the Treasury's daily par yield curve.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{Datelike as _, NaiveDate};
use csv_core::{ReadRecordResult, Reader};
use rust_decimal::Decimal;

use crate::http::{Endpoint, Form, HttpClient, HttpSetupError, RateLimit, Response};
use crate::{
    AsOf, AssetClass, Change, ChangeBasis, DayFigures, Delivery, MarketError, MarketProvider,
    Profile, Quote, QuoteRequest, Reach, Symbol, Turn, number,
};

const NAME: &str = "treasury";
const LIMIT: RateLimit = RateLimit::new(5, 1);
/// What the yields are in.
const UNIT: &str = "percent";

/// How many yields are named to who asks for another.
const MAX_OTHERS: usize = 5;

/// The maturities by our symbols, and the columns they stand in.
const SERIES: [(&str, &str); 13] = [
    ("UST1M", "1 Mo"),
    ("UST2M", "2 Mo"),
    ("UST3M", "3 Mo"),
    ("UST4M", "4 Mo"),
    ("UST6M", "6 Mo"),
    ("UST1Y", "1 Yr"),
    ("UST2Y", "2 Yr"),
    ("UST3Y", "3 Yr"),
    ("UST5Y", "5 Yr"),
    ("UST7Y", "7 Yr"),
    ("UST10Y", "10 Yr"),
    ("UST20Y", "20 Yr"),
    ("UST30Y", "30 Yr"),
];

/// Whether a symbol reads as the name of a yield, as `UST10Y` does; not each of them is published.
pub(crate) fn is_series(symbol: &Symbol) -> bool {
    months(symbol.as_str()).is_some()
}

/// The maturity that the name of a yield tells, in months.
fn months(name: &str) -> Option<u32> {
    let maturity = name.strip_prefix("UST")?;
    let (number, of) = match maturity.strip_suffix('Y') {
        Some(years) => (years, 12),
        None => (maturity.strip_suffix('M')?, 1),
    };
    number.parse::<u32>().ok()?.checked_mul(of)
}

/// The yields that there are whose maturities are the nearest.
fn others(symbol: &Symbol) -> Vec<String> {
    let Some(asked) = months(symbol.as_str()) else {
        return Vec::new();
    };
    let mut names = SERIES.map(|(name, _)| name).to_vec();
    names.sort_by_key(|name| months(name).map(|months| months.abs_diff(asked)));
    names.truncate(MAX_OTHERS);
    names.into_iter().map(str::to_owned).collect()
}

fn column(symbol: &Symbol) -> Option<&'static str> {
    let found = SERIES.iter().find(|(name, _)| *name == symbol.as_str());
    found.map(|(_, column)| *column)
}

/// The Treasury; it asks for no key.
#[derive(Debug)]
pub struct Treasury {
    endpoint: Endpoint,
}

/// The yields of each day of a year, by column.
type Curve = Vec<(NaiveDate, HashMap<String, Decimal>)>;

impl Treasury {
    /// Where it is reached unless somebody says otherwise.
    pub const BASE_URL: &'static str = "https://home.treasury.gov";

    /// The Treasury at an address.
    pub fn new(client: &HttpClient, base_url: &str) -> Result<Self, HttpSetupError> {
        Ok(Self {
            endpoint: Endpoint::new(NAME, client, base_url, LIMIT)?,
        })
    }

    async fn curve(&self, asked: i32, turn: &Turn) -> Result<Curve, MarketError> {
        self.endpoint.admit(1, turn).await?;
        let year = asked.to_string();
        let path = [
            "resource-center",
            "data-chart-center",
            "interest-rates",
            "daily-treasury-rates.csv",
            &year,
            "all",
        ];
        let query = [
            ("type", "daily_treasury_yield_curve"),
            ("field_tdr_date_value", year.as_str()),
            ("_format", "csv"),
        ];
        match self.endpoint.get(&path, &query, Form::Csv).await? {
            Response::NotFound => Ok(Curve::new()),
            Response::Body(body) => {
                let curve = parse(&body);
                let curve = curve
                    .ok_or_else(|| self.endpoint.bad("its table is not the one it documents"))?;
                // Next to the table of the right year, its days would count twice.
                if curve.iter().any(|(date, _)| date.year() != asked) {
                    return Err(self.endpoint.implausible("its table is of another year"));
                }
                Ok(curve)
            }
        }
    }
}

/// Reads the table, oldest day first; a cell that is empty or `N/A` is absent.
fn parse(body: &[u8]) -> Option<Curve> {
    let mut rows = records(body)?.into_iter();
    let header = rows.next()?;
    if header.first()? != "Date" {
        return None;
    }
    let mut curve = Curve::new();
    for row in rows.filter(|row| row.iter().any(|cell| !cell.is_empty())) {
        if row.len() != header.len() {
            return None;
        }
        let date = NaiveDate::parse_from_str(row.first()?, "%m/%d/%Y").ok()?;
        let mut yields = HashMap::new();
        for (name, cell) in header.iter().zip(&row).skip(1) {
            if !matches!(cell.as_str(), "" | "N/A") {
                yields.insert(name.clone(), number::parse(cell)?);
            }
        }
        curve.push((date, yields));
    }
    curve.sort_unstable_by_key(|(date, _)| *date);
    Some(curve)
}

fn records(body: &[u8]) -> Option<Vec<Vec<String>>> {
    let mut reader = Reader::new();
    // With an end to its last line, no record is left half read where the table ends.
    let table = [body, b"\n"].concat();
    let mut rest = table.as_slice();
    // No record is longer than the whole.
    let mut text = vec![0; table.len()];
    let mut ends = vec![0; 256];
    let mut records = Vec::new();
    loop {
        let (result, read, _, cells) = reader.read_record(rest, &mut text, &mut ends);
        rest = &rest[read..];
        match result {
            ReadRecordResult::Record => {
                let mut start = 0;
                let mut record = Vec::with_capacity(cells);
                for end in &ends[..cells] {
                    let cell = std::str::from_utf8(&text[start..*end]).ok()?;
                    record.push(cell.trim().to_owned());
                    start = *end;
                }
                records.push(record);
            }
            ReadRecordResult::End => return Some(records),
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => return None,
        }
    }
}

#[async_trait]
impl MarketProvider for Treasury {
    fn name(&self) -> &str {
        NAME
    }

    fn profile(&self) -> Profile {
        Profile {
            classes: &[AssetClass::Macro],
            venue: None,
            reach: Reach::Network(LIMIT),
            licence: Some("U.S. Department of the Treasury, daily par yield curve; public domain."),
        }
    }

    fn closed_for(&self) -> Option<Duration> {
        self.endpoint.closed_for()
    }

    async fn quote(&self, request: &QuoteRequest, turn: &Turn) -> Result<Quote, MarketError> {
        let not_found = || MarketError::not_found(request, Vec::new());
        let column = column(&request.symbol)
            .ok_or_else(|| MarketError::not_found(request, others(&request.symbol)))?;
        let today = turn.now().date_naive();
        let mut days: Vec<(NaiveDate, Decimal)> = Vec::new();
        // In the first days of a year there may be one day, and nothing to compare it with, or none.
        for year in [today.year(), today.year() - 1] {
            let curve = self.curve(year, turn).await?;
            let known = curve.into_iter().filter(|(date, _)| *date <= today);
            let mut known: Vec<_> = known
                .filter_map(|(date, yields)| Some((date, *yields.get(column)?)))
                .collect();
            known.append(&mut days);
            days = known;
            if days.len() >= 2 {
                break;
            }
        }
        let (date, price) = days.pop().ok_or_else(not_found)?;
        let change = days.last().and_then(|(before, previous)| {
            Change::between(*previous, price, ChangeBasis::PreviousClose, Some(*before))
        });
        Ok(Quote {
            symbol: request.symbol.clone(),
            listed_as: request.symbol.to_string(),
            asset_class: AssetClass::Macro,
            name: Some(format!("Treasury par yield, {column}")),
            exchange: None,
            market: None,
            currency: Some(UNIT.to_owned()),
            pair: None,
            price,
            change,
            as_of: AsOf::date(date),
            delivery: Delivery::EndOfDay,
            source: NAME.to_owned(),
            book: None,
            market_state: None,
            unchanged_until: None,
            day: DayFigures::default(),
            structural_data: None,
            crypto_metrics: None,
            technical: None,
            notes: Vec::new(),
        })
    }

    async fn generation(&self) -> u64 {
        0
    }

    async fn symbols(&self) -> Vec<String> {
        SERIES.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_oldest_first_and_gaps_stay_gaps() {
        let body = "Date,\"1 Mo\",\"10 Yr\"\n01/05/2026,4.10,4.31\n01/02/2026,N/A,4.30";
        let curve = parse(body.as_bytes()).unwrap();
        let dates: Vec<String> = curve.iter().map(|(date, _)| date.to_string()).collect();
        assert_eq!(dates, ["2026-01-02", "2026-01-05"]);
        assert_eq!(curve[0].1.get("1 Mo"), None);
        assert_eq!(curve[1].1["10 Yr"].to_string(), "4.31");
    }

    #[test]
    fn a_yield_that_there_is_not_is_told_the_nearest_and_nothing_else_is_one() {
        let others = |text: &str| others(&text.parse().unwrap());
        assert_eq!(others("UST9Y")[..2], ["UST10Y", "UST7Y"]);
        for text in ["UST", "USTY", "UST-5Y", "UST99999999999Y", "AAPL", "XUST5Y"] {
            assert!(!is_series(&text.parse().unwrap()), "{text}");
            assert!(others(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_table_of_another_shape_is_refused() {
        for body in [
            "",
            "<html>",
            "Day,\"1 Mo\"\n01/02/2026,4",
            "Date,x\n2026,4",
            "Date,x\n01/02/2026,?",
            "Date,x\n01/02/2026,4,42",
            "Date,x,y\n01/02/2026,4",
        ] {
            assert!(parse(body.as_bytes()).is_none(), "{body:?}");
        }
    }
}
