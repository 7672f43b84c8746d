//! Which column holds what.

use crate::Symbol;

use super::table;

/// Where each figure stands in a line.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// How many fields every line has.
    pub(super) width: usize,
    pub(super) symbol: SymbolSource,
    pub(super) date: usize,
    pub(super) price: usize,
    /// The name the header gives the price.
    pub(super) price_name: &'static str,
    pub(super) open: Option<usize>,
    pub(super) high: Option<usize>,
    pub(super) low: Option<usize>,
    pub(super) volume: Option<usize>,
    pub(super) currency: Option<usize>,
    pub(super) name: Option<usize>,
    /// The price is an adjusted close because the file has no other.
    pub(super) adjusted: bool,
}

/// Where the symbol of a line is found.
#[derive(Clone, Debug)]
pub(super) enum SymbolSource {
    Column(usize),
    FileName(Symbol),
}

impl Columns {
    /// Which symbol a line is about that could not be read as a whole, where that can be told.
    pub(super) fn symbol_of(&self, fields: &[&str]) -> Option<Symbol> {
        match &self.symbol {
            SymbolSource::FileName(symbol) => Some(symbol.clone()),
            // Behind a field too many or too few it may be another column.
            SymbolSource::Column(column) if *column == 0 || fields.len() == self.width => {
                let (symbol, _) = table::read_symbol(fields.get(*column)?).ok()?;
                Some(symbol)
            }
            SymbolSource::Column(_) => None,
        }
    }
}

/// What every price file needs, for messages.
pub(super) const NEEDED: &str = "it needs the columns symbol, date and price, or the columns date and close \
                      in a file named after its symbol, as in AAPL.csv";

/// Reads the header of a file whose name without ending is `stem`.
pub(super) fn parse(fields: &[&str], stem: &str) -> Result<Columns, String> {
    let names: Vec<String> = fields.iter().map(|field| normal(field)).collect();
    let find = |wanted: &[&str]| -> Result<Option<usize>, String> {
        for wanted in wanted {
            let mut found = names.iter().enumerate().filter(|(_, name)| name == wanted);
            if let Some((position, _)) = found.next() {
                return if found.next().is_some() {
                    Err(format!("its header names the column {wanted} twice"))
                } else {
                    Ok(Some(position))
                };
            }
        }
        Ok(None)
    };
    let missing = |what: &str| format!("it has no {what} column; {NEEDED}");

    let date = find(&["date"])?.ok_or_else(|| missing("date"))?;
    let symbol = find(&["symbol", "ticker"])?;
    let close = find(&["close"])?;
    let adjusted_close = find(&["adjclose", "adjustedclose"])?;
    // A file without symbols must look like one symbol's history, or any table with a `price` in it
    // would pass as the prices of a symbol called like the file.
    let plain = if symbol.is_some() {
        find(&["price"])?
    } else {
        None
    };
    let (price, price_name, adjusted) = match (plain, close, adjusted_close) {
        (Some(price), _, _) => (price, "price", false),
        (None, Some(close), _) => (close, "close", false),
        (None, None, Some(adjusted)) => (adjusted, "adjusted close", true),
        (None, None, None) => {
            return Err(missing(if symbol.is_some() {
                "price or close"
            } else {
                "symbol"
            }));
        }
    };
    let symbol = match symbol {
        Some(column) => SymbolSource::Column(column),
        None => SymbolSource::FileName(stem.parse().map_err(|error| {
            format!("it has no symbol column and is not named after a symbol ({error}); {NEEDED}")
        })?),
    };
    Ok(Columns {
        width: fields.len(),
        symbol,
        date,
        price,
        price_name,
        open: find(&["open"])?,
        high: find(&["high"])?,
        low: find(&["low"])?,
        volume: find(&["volume"])?,
        currency: find(&["currency"])?,
        name: find(&["name"])?,
        adjusted,
    })
}

/// What a file is instead of a table of fields separated by commas, as far as its first line shows it.
pub(super) fn other_format(line: &[u8]) -> Option<String> {
    let has = |wanted| line.contains(&wanted);
    let is = match line.trim_ascii_start().first()? {
        b'{' | b'[' => "it is JSON",
        _ if has(b',') => return None,
        _ if has(b';') => "its columns are separated by semicolons",
        _ if has(b'\t') => "its columns are separated by tabs",
        _ => return None,
    };
    Some(format!(
        "{is}; a price file is a CSV file with commas between its columns"
    ))
}

fn normal(field: &str) -> String {
    field
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_close_is_preferred_to_the_adjusted_close() {
        let header = [
            "Date",
            "Open",
            "High",
            "Low",
            "Adj Close",
            "Close",
            "Volume",
        ];
        let columns = parse(&header, "aapl").unwrap();
        assert_eq!((columns.price, columns.adjusted), (5, false));
        assert!(
            matches!(columns.symbol, SymbolSource::FileName(symbol) if symbol.as_str() == "AAPL")
        );
    }

    #[test]
    fn an_adjusted_close_alone_is_taken_and_marked() {
        let columns = parse(&["Date", "ADJ_CLOSE"], "AAPL").unwrap();
        assert_eq!((columns.price, columns.adjusted), (1, true));
    }

    #[test]
    fn what_is_no_table_with_commas_is_called_what_it_is() {
        for (line, told) in [
            (r#"[{"symbol":"AAPL","date":"2026-01-01"}]"#, "it is JSON"),
            ("{", "it is JSON"),
            ("symbol;date;price", "semicolons"),
            ("symbol\tdate\tprice", "tabs"),
        ] {
            let problem = other_format(line.as_bytes()).unwrap();
            assert!(problem.contains(told), "{problem}");
        }
        assert_eq!(other_format(b"date,close;adjusted"), None);
    }

    #[test]
    fn a_missing_or_doubled_column_is_named() {
        let error = |header: &[&str], stem| parse(header, stem).unwrap_err();
        assert!(error(&["symbol", "price"], "x").starts_with("it has no date column; it needs"));
        assert!(error(&["symbol", "date"], "x").contains("no price or close column"));
        assert!(error(&["sym", "date", "price"], "prices").contains("no symbol column"));
        assert!(error(&["date", "close"], "my prices").contains("not named after a symbol"));
        assert!(error(&["symbol", "date", "price", "Price "], "x").contains("price twice"));
    }
}
