//! Names close to one that was not found.

use strsim::damerau_levenshtein;

/// The most names a hint offers.
const OFFERED: usize = 5;

/// The names closest to `wanted`, best first: a slip away, or one of them the start of the other.
///
/// Short names are all near each other, so that two letters are like nothing but what begins with them.
pub(crate) fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let allowed = match wanted.len() {
        ..=2 => 0,
        3 | 4 => 1,
        _ => 2,
    };
    let mut found: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let edits = damerau_levenshtein(wanted, name);
            let begins =
                |long: &str, short: &str, least| short.len() >= least && long.starts_with(short);
            let same_start = begins(name, wanted, 2) || begins(wanted, name, 3);
            (same_start || edits <= allowed).then_some((edits, name))
        })
        .collect();
    found.sort_unstable();
    found.truncate(OFFERED);
    found.into_iter().map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: [&str; 7] = ["AAPL", "AMZN", "BTC-USD", "GOOG", "IBM", "MSFT", "V"];

    fn near_to(wanted: &str) -> Vec<String> {
        near(wanted, LISTED.into_iter())
    }

    #[test]
    fn a_slip_of_the_finger_finds_the_symbol() {
        assert_eq!(near_to("APPL"), ["AAPL"]);
        assert_eq!(near_to("MSTF"), ["MSFT"]);
        assert_eq!(near_to("GOOGL"), ["GOOG"]);
    }

    #[test]
    fn the_start_of_a_pair_finds_the_pair() {
        assert_eq!(near_to("BTC"), ["BTC-USD"]);
    }

    #[test]
    fn something_else_altogether_finds_nothing() {
        assert!(near_to("XYZQW").is_empty());
        for short in ["Q", "A", "VZ", "IB"] {
            let near = near_to(short);
            assert!(
                near.iter().all(|name| name.starts_with(short)),
                "{short}: {near:?}"
            );
        }
        assert!(near_to("A").is_empty());
        assert!(near_to("ETH").is_empty() && near_to("IBX") == ["IBM"]);
    }
}
