//! Which name a share has at Yahoo: its symbol, and a suffix for the market it is listed on.

use crate::{QuoteRequest, Symbol, places};

/// What the listings of a market end in; those of the United States in nothing.
const SUFFIXES: [(&str, &str); 14] = [
    ("UK", ".L"),
    ("DE", ".DE"),
    ("FR", ".PA"),
    ("NL", ".AS"),
    ("IT", ".MI"),
    ("ES", ".MC"),
    ("CH", ".SW"),
    ("SE", ".ST"),
    ("JP", ".T"),
    ("HK", ".HK"),
    ("CA", ".TO"),
    ("AU", ".AX"),
    ("IN", ".NS"),
    ("BR", ".SA"),
];

/// The name to ask for: on the market asked for where that is known, and otherwise as the symbol stands.
pub(super) fn listed(request: &QuoteRequest) -> Symbol {
    let symbol = &request.symbol;
    let market = request.market.as_deref().and_then(places::market_of);
    let known = SUFFIXES
        .iter()
        .find(|(known, _)| Some(*known) == market)
        .filter(|(_, suffix)| !symbol.as_str().ends_with(suffix));
    let named = known.and_then(|(_, suffix)| format!("{symbol}{suffix}").parse().ok());
    named.unwrap_or_else(|| share_class(symbol))
}

/// `BRK.B` is `BRK-B` here.
fn share_class(symbol: &Symbol) -> Symbol {
    let dashed = symbol.share_class();
    let dashed = dashed.and_then(|(company, class)| format!("{company}-{class}").parse().ok());
    dashed.unwrap_or_else(|| symbol.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_becomes_a_suffix_and_a_share_class_a_dash() {
        for (symbol, market, name) in [
            ("AAPL", None, "AAPL"),
            ("AAPL", Some("us"), "AAPL"),
            ("VOD", Some("UK"), "VOD.L"),
            ("VOD.L", Some("LSE"), "VOD.L"),
            ("0700", Some("HK"), "0700.HK"),
            ("0700.HK", None, "0700.HK"),
            ("SAP", Some("xetra"), "SAP.DE"),
            ("BRK.B", None, "BRK-B"),
            ("BRK-B", Some("NYSE"), "BRK-B"),
            ("^GSPC", None, "^GSPC"),
            ("VOD", Some("MARS"), "VOD"),
            ("ABCDEFGHIJKLMNO", Some("UK"), "ABCDEFGHIJKLMNO"),
        ] {
            let mut request = QuoteRequest::equity(symbol.parse().unwrap());
            request.market = market.map(str::to_owned);
            assert_eq!(listed(&request).as_str(), name, "{symbol} {market:?}");
        }
    }

    #[test]
    fn every_suffix_is_one_of_a_market_that_is_known() {
        for (market, _) in SUFFIXES {
            assert_eq!(places::market_of(market), Some(market));
        }
    }
}
