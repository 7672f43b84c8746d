//! One line of a price file as a row of figures.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::text::{is_unsafe, printable};
use crate::{DayFigures, Symbol};

use super::dates;
use super::header::{Columns, SymbolSource};

/// The highest price that is believed.
const MAX_PRICE: i64 = 1_000_000_000_000_000;

/// The highest volume that is believed.
const MAX_VOLUME: i64 = 1_000_000_000_000_000_000;

/// The longest name of an asset, in characters.
const MAX_NAME: usize = 128;

/// One line, proven.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) symbol: Symbol,
    /// The symbol as written, upper-cased: `BTC/USDT` where the symbol is `BTC-USDT`.
    pub(super) listed_as: String,
    pub(super) date: NaiveDate,
    pub(super) price: Decimal,
    pub(super) day: DayFigures,
    pub(super) currency: Option<&'a str>,
    pub(super) name: Option<&'a str>,
}

/// Reads a line; what is wrong with figures it can do without goes to `warn`.
pub(super) fn read<'a>(
    columns: &Columns,
    fields: &[&'a str],
    mut warn: impl FnMut(String),
) -> Result<Line<'a>, String> {
    if fields.len() != columns.width {
        return Err(format!(
            "it has {} fields where the header has {}",
            fields.len(),
            columns.width
        ));
    }
    let (symbol, listed_as) = match &columns.symbol {
        SymbolSource::FileName(symbol) => (symbol.clone(), symbol.to_string()),
        SymbolSource::Column(column) => read_symbol(fields[*column])?,
    };
    let date = dates::parse(fields[columns.date]).ok_or_else(|| {
        format!(
            "`{}` is not a date; write 2010-03-01 or Mar 1 2010",
            printable(fields[columns.date])
        )
    })?;
    let price = read_price(fields[columns.price])
        .map_err(|problem| format!("the {} {problem}", columns.price_name))?;

    let mut optional = |column: Option<usize>, what: &str, check: fn(&str) -> Checked| {
        let text = given(fields[column?])?;
        check(text)
            .map_err(|problem| warn(format!("the {what} {problem}; the {what} is left out")))
            .ok()
    };
    let open = optional(columns.open, "open", read_price);
    let mut high = optional(columns.high, "high", read_price);
    let mut low = optional(columns.low, "low", read_price);
    let volume = optional(columns.volume, "volume", read_volume);
    let above_high = high.is_some_and(|high| price > high);
    let below_low = low.is_some_and(|low| price < low);
    // An adjusted close lies outside its day's range by design.
    if (above_high || below_low) && !columns.adjusted {
        warn(
            "the price is outside the day's high and low; the high and the low are left out"
                .to_owned(),
        );
        (high, low) = (None, None);
    }
    let mut text = |column: Option<usize>, what: &str, fits: fn(&str) -> bool| {
        let text = given(fields[column?])?;
        if fits(text) {
            return Some(text);
        }
        warn(format!(
            "`{}` is not a {what}; it is left out",
            printable(text)
        ));
        None
    };
    Ok(Line {
        symbol,
        listed_as,
        date,
        price,
        day: DayFigures {
            open,
            day_high: high,
            day_low: low,
            volume,
        },
        currency: text(columns.currency, "currency", is_currency),
        name: text(columns.name, "name", is_name),
    })
}

type Checked = Result<Decimal, String>;

/// A field that says something; programs write nothing in several ways.
fn given(field: &str) -> Option<&str> {
    let nothing = field.is_empty()
        || ["-", "null", "none", "nan", "n/a", "na"]
            .iter()
            .any(|word| field.eq_ignore_ascii_case(word));
    (!nothing).then_some(field)
}

/// A symbol; one slash between the sides of a pair is read as a dash.
pub(super) fn read_symbol(field: &str) -> Result<(Symbol, String), String> {
    let pair = field.split_once('/').filter(|(base, quote)| {
        base.trim().parse::<Symbol>().is_ok() && quote.trim().parse::<Symbol>().is_ok()
    });
    let Some((base, quote)) = pair else {
        let symbol: Symbol = field.parse().map_err(|error| format!("{error}"))?;
        let listed_as = symbol.to_string();
        return Ok((symbol, listed_as));
    };
    let symbol = format!("{}-{}", base.trim(), quote.trim())
        .parse()
        .map_err(|error| format!("{error}"))?;
    Ok((symbol, field.to_ascii_uppercase()))
}

fn read_price(text: &str) -> Checked {
    let price = read_number(text)?;
    if price <= Decimal::ZERO {
        return Err(format!("`{}` is not above zero", printable(text)));
    }
    if price > MAX_PRICE.into() {
        return Err(format!("`{}` is above {MAX_PRICE}", printable(text)));
    }
    Ok(price)
}

fn read_volume(text: &str) -> Checked {
    let volume = read_number(text)?;
    if volume < Decimal::ZERO || volume > MAX_VOLUME.into() {
        return Err(format!(
            "`{}` is not between 0 and {MAX_VOLUME}",
            printable(text)
        ));
    }
    Ok(volume)
}

fn read_number(text: &str) -> Checked {
    crate::number::parse(text).ok_or_else(|| {
        format!(
            "`{}` is not a plain decimal number of at most 28 digits",
            printable(text)
        )
    })
}

fn is_currency(text: &str) -> bool {
    (2..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_name(text: &str) -> bool {
    text.chars().count() <= MAX_NAME && !text.chars().any(is_unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_written_with_a_slash_is_kept_as_written() {
        let (symbol, listed_as) = read_symbol("btc/usdt").unwrap();
        assert_eq!(
            (symbol.as_str(), listed_as.as_str()),
            ("BTC-USDT", "BTC/USDT")
        );
        for refused in ["/usdt", "btc/", "a/b/c", "../../x", "/"] {
            assert!(read_symbol(refused).is_err(), "{refused}");
        }
    }
}
