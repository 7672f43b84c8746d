//! Markets and their exchanges, by the names that people and sources have for them.

/// A market: its name in answers, what else people call it, and its exchanges.
struct Place {
    market: &'static str,
    also: &'static [&'static str],
    exchanges: &'static [Exchange],
}

/// All names of one exchange: what people call it, and the codes and names that sources tell.
type Exchange = &'static [&'static str];

const PLACES: [Place; 15] = [
    place(
        "US",
        &["USA"],
        &[
            &[
                "NASDAQ",
                "NMS",
                "NasdaqGS",
                "NGM",
                "NasdaqGM",
                "NCM",
                "NasdaqCM",
                "NASDAQ NMS - GLOBAL MARKET",
            ],
            &["NYSE", "NYQ", "NEW YORK STOCK EXCHANGE, INC."],
            &["AMEX", "ASE", "NYSE American", "NYSE MKT LLC"],
            &["NYSE Arca", "PCX", "NYSEArca"],
            &["Cboe US", "BTS", "BATS"],
            &["OTC", "PNK", "OQB", "OQX", "OEM", "OTC MARKETS"],
        ],
    ),
    place(
        "UK",
        &["GB"],
        &[&["LSE", "LONDON", "LONDON STOCK EXCHANGE"], &["IOB"]],
    ),
    place(
        "DE",
        &["GERMANY"],
        &[&["XETRA", "GER"], &["FRANKFURT", "FRA"]],
    ),
    place("FR", &["FRANCE"], &[&["PARIS", "PAR"]]),
    place("NL", &["NETHERLANDS"], &[&["AMSTERDAM", "AMS"]]),
    place("IT", &["ITALY"], &[&["MILAN", "MIL"]]),
    place("ES", &["SPAIN"], &[&["MADRID", "MCE"]]),
    place("CH", &["SWITZERLAND"], &[&["SIX", "EBS", "Swiss"]]),
    place("SE", &["SWEDEN"], &[&["STOCKHOLM", "STO"]]),
    place("JP", &["JAPAN"], &[&["TOKYO", "JPX"]]),
    place("HK", &["HONGKONG"], &[&["HKEX", "HKG", "HKSE"]]),
    place(
        "CA",
        &["CANADA"],
        &[&["TSX", "TOR", "TORONTO"], &["TSXV", "VAN"]],
    ),
    place("AU", &["AUSTRALIA"], &[&["ASX"]]),
    place("IN", &["INDIA"], &[&["NSE", "NSI"], &["BSE"]]),
    place("BR", &["BRAZIL"], &[&["B3", "SAO", "São Paulo"]]),
];

const fn place(
    market: &'static str,
    also: &'static [&'static str],
    exchanges: &'static [Exchange],
) -> Place {
    Place {
        market,
        also,
        exchanges,
    }
}

/// The market that goes by a name, or that an exchange of a name is in.
pub(crate) fn market_of(name: &str) -> Option<&'static str> {
    let place = PLACES.iter().find(|place| {
        place.is_called(name) || place.exchanges.iter().any(|names| one_of(names, name))
    });
    place.map(|place| place.market)
}

/// Whether a market or an exchange of this name is the United States or there.
pub(crate) fn is_us(name: &str) -> bool {
    market_of(name) == Some("US")
}

/// Whether a price from this exchange and market is one of the market or exchange asked for.
pub(crate) fn is_there(asked: &str, exchange: Option<&str>, market: Option<&str>) -> bool {
    let mut places = PLACES.iter();
    if let Some(place) = places.find(|place| place.is_called(asked)) {
        return market.is_some_and(|market| place.is_called(market));
    }
    exchange.is_some_and(|told| {
        let exchanges = PLACES.iter().flat_map(|place| place.exchanges);
        let mut known = exchanges.filter(|names| one_of(names, asked));
        asked.eq_ignore_ascii_case(told) || known.any(|names| one_of(names, told))
    })
}

impl Place {
    fn is_called(&self, name: &str) -> bool {
        self.market.eq_ignore_ascii_case(name) || one_of(self.also, name)
    }
}

fn one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_for_two_places() {
        let names = PLACES.iter().flat_map(|place| {
            let exchanges = place.exchanges.iter().copied().flatten();
            place.also.iter().chain(exchanges).chain([&place.market])
        });
        let mut names: Vec<String> = names.map(|name| name.to_ascii_uppercase()).collect();
        let known = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), known);
    }

    #[test]
    fn an_exchange_asked_for_is_that_exchange_and_a_market_any_of_its_own() {
        for (asked, exchange, market, there) in [
            ("US", Some("NasdaqGS"), Some("US"), true),
            ("usa", Some("Elsewhere"), Some("US"), true),
            ("nasdaq", Some("NasdaqGS"), Some("US"), true),
            ("NYSE", Some("NasdaqGS"), Some("US"), false),
            ("UK", Some("NasdaqGS"), Some("US"), false),
            ("US", None, None, false),
            ("kraken", Some("Kraken"), None, true),
            ("binance", Some("kraken"), None, false),
        ] {
            assert_eq!(is_there(asked, exchange, market), there, "{asked}");
        }
        assert_eq!(market_of("xetra"), Some("DE"));
        assert_eq!(market_of("mars"), None);
    }
}
