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
    Place {
        market: "US",
        also: &["USA"],
        exchanges: &[
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
            &["NYSE Arca", "PCX", "NYSEArca", "NYSE ARCA"],
            &["Cboe US", "BTS", "BATS"],
            &["OTC", "PNK", "OQB", "OQX", "OEM", "OTC MARKETS"],
        ],
    },
    Place {
        market: "UK",
        also: &["GB"],
        exchanges: &[&["LSE", "LONDON"], &["IOB"]],
    },
    Place {
        market: "DE",
        also: &["GERMANY"],
        exchanges: &[&["XETRA", "GER"], &["FRANKFURT", "FRA"]],
    },
    Place {
        market: "FR",
        also: &["FRANCE"],
        exchanges: &[&["PARIS", "PAR"]],
    },
    Place {
        market: "NL",
        also: &["NETHERLANDS"],
        exchanges: &[&["AMSTERDAM", "AMS"]],
    },
    Place {
        market: "IT",
        also: &["ITALY"],
        exchanges: &[&["MILAN", "MIL"]],
    },
    Place {
        market: "ES",
        also: &["SPAIN"],
        exchanges: &[&["MADRID", "MCE"]],
    },
    Place {
        market: "CH",
        also: &["SWITZERLAND"],
        exchanges: &[&["SIX", "EBS", "Swiss"]],
    },
    Place {
        market: "SE",
        also: &["SWEDEN"],
        exchanges: &[&["STOCKHOLM", "STO"]],
    },
    Place {
        market: "JP",
        also: &["JAPAN"],
        exchanges: &[&["TOKYO", "JPX"]],
    },
    Place {
        market: "HK",
        also: &["HONGKONG"],
        exchanges: &[&["HKEX", "HKG", "HKSE"]],
    },
    Place {
        market: "CA",
        also: &["CANADA"],
        exchanges: &[&["TSX", "TOR", "TORONTO"], &["TSXV", "VAN"]],
    },
    Place {
        market: "AU",
        also: &["AUSTRALIA"],
        exchanges: &[&["ASX"]],
    },
    Place {
        market: "IN",
        also: &["INDIA"],
        exchanges: &[&["NSE", "NSI"], &["BSE"]],
    },
    Place {
        market: "BR",
        also: &["BRAZIL"],
        exchanges: &[&["B3", "SAO", "São Paulo"]],
    },
];

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
        let mut names: Vec<String> = Vec::new();
        for place in &PLACES {
            let exchanges = place.exchanges.iter().copied().flatten();
            let all = place.also.iter().chain(exchanges).chain([&place.market]);
            let mut all: Vec<String> = all.map(|name| name.to_ascii_uppercase()).collect();
            all.sort_unstable();
            // Sources differ in capitals alone for some.
            all.dedup();
            names.extend(all);
        }
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
