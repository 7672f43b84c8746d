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

/// Where a price is from, beside where it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    There,
    Elsewhere,
    /// One of the two places is none that is known here.
    Untold,
}

/// Whether a price from this exchange and market is one of the market or exchange asked for.
pub(crate) fn whereabouts(
    asked: &str,
    exchange: Option<&str>,
    market: Option<&str>,
) -> Whereabouts {
    let found = market.or_else(|| exchange.and_then(market_of));
    let mut places = PLACES.iter();
    let there = match places.find(|place| place.is_called(asked)) {
        Some(place) => found.map(|found| place.is_called(found)),
        None => match (exchange, exchange_of(asked)) {
            (Some(told), _) if asked.eq_ignore_ascii_case(told) => Some(true),
            (Some(told), Some(names)) if exchange_of(told).is_some() => Some(one_of(names, told)),
            // An exchange of another market is another exchange, whichever it is.
            (_, Some(_)) if found.is_some_and(|found| market_of(asked) != market_of(found)) => {
                Some(false)
            }
            _ => None,
        },
    };
    match there {
        Some(true) => Whereabouts::There,
        Some(false) => Whereabouts::Elsewhere,
        None => Whereabouts::Untold,
    }
}

/// All names of the exchange that goes by one of them.
fn exchange_of(name: &str) -> Option<Exchange> {
    let mut exchanges = PLACES.iter().flat_map(|place| place.exchanges);
    exchanges.find(|names| one_of(names, name)).copied()
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
        use Whereabouts::{Elsewhere, There, Untold};
        for (asked, exchange, market, expected) in [
            ("US", Some("NasdaqGS"), Some("US"), There),
            ("usa", Some("Oslo"), Some("US"), There),
            ("nasdaq", Some("NasdaqGS"), Some("US"), There),
            ("NYSE", Some("NasdaqGS"), Some("US"), Elsewhere),
            ("UK", Some("NasdaqGS"), Some("US"), Elsewhere),
            ("LSE", Some("Oslo"), Some("US"), Elsewhere),
            ("NYSE", Some("Oslo"), Some("US"), Untold),
            ("NYSE", Some("Oslo"), None, Untold),
            ("NO", Some("Oslo"), None, Untold),
            ("NO", Some("NasdaqGS"), Some("US"), Untold),
            ("US", Some("SNP"), None, Untold),
            ("US", None, None, Untold),
            ("oslo", Some("Oslo"), None, There),
        ] {
            let found = whereabouts(asked, exchange, market);
            assert_eq!(found, expected, "{asked}, {exchange:?}");
        }
        assert_eq!(market_of("xetra"), Some("DE"));
        assert_eq!(market_of("mars"), None);
    }
}
