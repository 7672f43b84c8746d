//! Which name a share has at Yahoo: its symbol, and a suffix for the market it is listed on.

use crate::{QuoteRequest, Symbol};

/// Markets by the names people use, and the suffix of their listings.
const SUFFIXES: [(&str, &[&str]); 15] = [
    ("", &["US", "USA", "NYSE", "NASDAQ", "AMEX"]),
    (".L", &["UK", "GB", "LSE", "LONDON"]),
    (".DE", &["DE", "XETRA", "GERMANY"]),
    (".PA", &["FR", "PARIS", "FRANCE"]),
    (".AS", &["NL", "AMSTERDAM", "NETHERLANDS"]),
    (".MI", &["IT", "MILAN", "ITALY"]),
    (".MC", &["ES", "MADRID", "SPAIN"]),
    (".SW", &["CH", "SIX", "SWITZERLAND"]),
    (".ST", &["SE", "STOCKHOLM", "SWEDEN"]),
    (".T", &["JP", "TOKYO", "JAPAN"]),
    (".HK", &["HK", "HKEX", "HONGKONG"]),
    (".TO", &["CA", "TSX", "CANADA"]),
    (".AX", &["AU", "ASX", "AUSTRALIA"]),
    (".NS", &["IN", "NSE", "INDIA"]),
    (".SA", &["BR", "B3", "BRAZIL"]),
];

/// How a market that was asked for goes into the name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// Under this name, and on the market asked for if one was.
    Of(Symbol),
    /// Under this name; the market asked for is not known here.
    MarketUnknown(Symbol),
}

impl Listing {
    pub(super) fn find(request: &QuoteRequest) -> Self {
        let symbol = &request.symbol;
        let Some(market) = request.market.as_deref() else {
            return Self::Of(share_class(symbol));
        };
        let market = market.to_ascii_uppercase();
        let known = SUFFIXES
            .iter()
            .find(|(_, names)| names.contains(&market.as_str()));
        match known {
            None => Self::MarketUnknown(share_class(symbol)),
            Some(("", _)) => Self::Of(share_class(symbol)),
            Some((suffix, _)) if symbol.as_str().ends_with(suffix) => Self::Of(symbol.clone()),
            Some((suffix, _)) => match format!("{symbol}{suffix}").parse() {
                Ok(listed) => Self::Of(listed),
                Err(_) => Self::MarketUnknown(symbol.clone()),
            },
        }
    }

    pub(super) const fn symbol(&self) -> &Symbol {
        match self {
            Self::Of(symbol) | Self::MarketUnknown(symbol) => symbol,
        }
    }
}

/// `BRK.B` is `BRK-B` here: a dot before A, B or C names a class of shares, before others a market.
fn share_class(symbol: &Symbol) -> Symbol {
    match symbol.as_str().rsplit_once('.') {
        Some((company, class @ ("A" | "B" | "C"))) => format!("{company}-{class}")
            .parse()
            .unwrap_or_else(|_| symbol.clone()),
        _ => symbol.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(symbol: &str, market: Option<&str>) -> Listing {
        let mut request = QuoteRequest::equity(symbol.parse().unwrap());
        request.market = market.map(str::to_owned);
        Listing::find(&request)
    }

    #[test]
    fn a_market_becomes_a_suffix_and_a_share_class_a_dash() {
        for (symbol, market, name) in [
            ("AAPL", None, "AAPL"),
            ("AAPL", Some("us"), "AAPL"),
            ("VOD", Some("UK"), "VOD.L"),
            ("VOD.L", Some("LSE"), "VOD.L"),
            ("0700", Some("HK"), "0700.HK"),
            ("0700.HK", None, "0700.HK"),
            ("BRK.B", None, "BRK-B"),
            ("BRK-B", Some("NYSE"), "BRK-B"),
            ("^GSPC", None, "^GSPC"),
        ] {
            let expected = Listing::Of(name.parse().unwrap());
            assert_eq!(listed(symbol, market), expected, "{symbol} {market:?}");
        }
    }

    #[test]
    fn a_market_nobody_knows_is_not_guessed_at() {
        let expected = Listing::MarketUnknown("VOD".parse().unwrap());
        assert_eq!(listed("VOD", Some("MARS")), expected);
    }
}
