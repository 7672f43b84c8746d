//! Names close to one that was not found.

use strsim::damerau_levenshtein;

/// The most names a hint offers.
const OFFERED: usize = 5;

/// The names closest to `wanted`, best first: few edits away, or one a prefix of the other.
pub(crate) fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let allowed = if wanted.len() <= 2 { 1 } else { 2 };
    let mut found: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let edits = damerau_levenshtein(wanted, name);
            let same_start =
                name.starts_with(wanted) || (name.len() > 1 && wanted.starts_with(name));
            (same_start || (edits <= allowed && edits < wanted.len())).then_some((edits, name))
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
        assert!(near_to("Q").is_empty());
    }
}
