//! Coins are priced in something: which names of a pair to look for, and what each one means.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::Symbol;

/// The dollar and the coins pegged to it, in the order they stand in for one another.
const DOLLARS: [&str; 3] = ["USD", "USDT", "USDC"];

/// The two sides of a coin's price, such as `BTC/USDT`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    /// What is priced.
    pub base: Symbol,
    /// What it is priced in.
    pub quote: Symbol,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.quote)
    }
}

impl Serialize for Pair {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One name under which a coin may be listed, and what the name alone says of its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) name: Symbol,
    pub(crate) base: Symbol,
    /// `None` when the name does not tell what the coin is priced in.
    pub(crate) quote: Option<Symbol>,
}

/// The base a coin's symbol names and, if it names one, the quote: `BTC-USD` is `BTC` in `USD`.
pub(crate) fn split(symbol: &Symbol) -> (Symbol, Option<Symbol>) {
    if let Some((base, quote)) = symbol.as_str().rsplit_once('-')
        && let (Ok(base), Ok(quote)) = (base.parse(), quote.parse())
    {
        return (base, Some(quote));
    }
    (symbol.clone(), None)
}

/// Every listing that could answer for `base` priced in `wanted`, best first.
///
/// - A pair is looked for as `BASE-QUOTE` (also written `BASE/QUOTE`) and as `BASEQUOTE`.
/// - Among dollars, another dollar stands in, and the listing says which one it is.
/// - The bare `BASE` comes last: its name does not tell the quote.
/// - `XBT` and `BTC` are one coin.
/// - With nothing wanted, the bare name comes first and then any dollar.
pub(crate) fn listings(base: &Symbol, wanted: Option<&Symbol>) -> Vec<Listing> {
    let bases = aliases(base);
    let bare = bases.iter().map(|base| Listing {
        name: base.clone(),
        base: base.clone(),
        quote: None,
    });
    let paired = quotes(wanted).into_iter().flat_map(|quote| {
        bases.iter().flat_map(move |base| {
            ["-", ""].into_iter().filter_map({
                let quote = quote.clone();
                move |joint| {
                    Some(Listing {
                        name: format!("{base}{joint}{quote}").parse().ok()?,
                        base: base.clone(),
                        quote: Some(quote.clone()),
                    })
                }
            })
        })
    });
    if wanted.is_some() {
        paired.chain(bare).collect()
    } else {
        bare.chain(paired).collect()
    }
}

/// What coins are usually priced in.
const MONEY: [&str; 12] = [
    "USD", "USDT", "USDC", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "BTC", "XBT", "ETH",
];

/// Whether a symbol is the quote of many pairs.
pub(crate) fn is_money(quote: &Symbol) -> bool {
    MONEY.contains(&quote.as_str())
}

/// Coins that a name alone stands for, without what it is priced in.
const WELL_KNOWN: [&str; 40] = [
    "AAVE", "ADA", "ALGO", "APT", "ARB", "ATOM", "AVAX", "BCH", "BNB", "BTC", "DAI", "DOGE", "DOT",
    "ETC", "ETH", "FIL", "HBAR", "ICP", "LINK", "LTC", "MATIC", "NEAR", "OP", "PAXG", "PEPE",
    "POL", "SHIB", "SOL", "SUI", "TON", "TRX", "UNI", "USDC", "USDT", "XBT", "XDG", "XLM", "XMR",
    "XRP", "ZEC",
];

/// Whether a name alone is that of a coin.
pub(crate) fn is_well_known(base: &Symbol) -> bool {
    WELL_KNOWN.contains(&base.as_str())
}

/// The pairs that answer for a question at an exchange, best first; in a dollar where nobody says.
///
/// A coin goes by the name most exchanges have for it.
pub(crate) fn wanted(request: &crate::QuoteRequest) -> Vec<Pair> {
    let (base, named) = split(&request.symbol);
    let usual = match base.as_str() {
        "XBT" => "BTC",
        "XDG" => "DOGE",
        other => other,
    };
    let base: Symbol = usual.parse().unwrap_or_else(|_| base.clone());
    let quotes = quotes(named.as_ref().or(request.pair.as_ref()));
    let pairs = quotes.into_iter().map(|quote| Pair {
        base: base.clone(),
        quote,
    });
    pairs.collect()
}

/// Says so where the price found is in another dollar than the one asked for.
pub(crate) fn substituted(request: &crate::QuoteRequest, found: &Pair) -> Option<crate::Note> {
    let (_, named) = split(&request.symbol);
    let wanted = named.as_ref().or(request.pair.as_ref())?;
    (*wanted != found.quote).then(|| {
        crate::Note::new(
            crate::NoteKind::PairSubstituted,
            format!("the price is in {}, not in {wanted}", found.quote),
        )
    })
}

/// Whether a price in `found` may answer, named as such, for a price in `wanted`.
pub(crate) fn stands_in(found: &Symbol, wanted: &Symbol) -> bool {
    let dollar = |symbol: &Symbol| DOLLARS.contains(&symbol.as_str());
    dollar(found) && dollar(wanted)
}

fn quotes(wanted: Option<&Symbol>) -> Vec<Symbol> {
    let mut quotes: Vec<Symbol> = wanted.cloned().into_iter().collect();
    for dollar in DOLLARS.iter().filter_map(|dollar| dollar.parse().ok()) {
        let fits = wanted.is_none_or(|wanted| stands_in(&dollar, wanted));
        if fits && !quotes.contains(&dollar) {
            quotes.push(dollar);
        }
    }
    quotes
}

fn aliases(base: &Symbol) -> Vec<Symbol> {
    let other = match base.as_str() {
        "BTC" => "XBT".parse().ok(),
        "XBT" => "BTC".parse().ok(),
        _ => None,
    };
    [Some(base.clone()), other].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(text: &str) -> Symbol {
        text.parse().unwrap()
    }

    fn names(base: &str, wanted: Option<&str>) -> Vec<String> {
        let wanted = wanted.map(symbol);
        listings(&symbol(base), wanted.as_ref())
            .into_iter()
            .map(|listing| listing.name.to_string())
            .collect()
    }

    #[test]
    fn the_pair_asked_for_comes_first_and_the_bare_coin_last() {
        assert_eq!(
            names("DOGE", Some("USDT")),
            [
                "DOGE-USDT",
                "DOGEUSDT",
                "DOGE-USD",
                "DOGEUSD",
                "DOGE-USDC",
                "DOGEUSDC",
                "DOGE"
            ]
        );
    }

    #[test]
    fn nothing_stands_in_for_a_euro() {
        assert_eq!(names("DOGE", Some("EUR")), ["DOGE-EUR", "DOGEEUR", "DOGE"]);
    }

    #[test]
    fn bitcoin_is_looked_for_under_both_its_names() {
        assert_eq!(
            names("XBT", Some("EUR")),
            ["XBT-EUR", "XBTEUR", "BTC-EUR", "BTCEUR", "XBT", "BTC"]
        );
    }

    #[test]
    fn a_symbol_with_a_dash_names_its_own_quote() {
        assert_eq!(
            split(&symbol("BTC-USD")),
            (symbol("BTC"), Some(symbol("USD")))
        );
        assert_eq!(split(&symbol("FDUSD")), (symbol("FDUSD"), None));
    }
}
