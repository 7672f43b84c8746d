//! Small charts of counts in a terminal, in block elements or, where those may not show, in ASCII.

use std::io::{self, IsTerminal};

use crate::config::Config;

/// How charts are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Unicode's block elements.
    Blocks,
    /// ASCII alone.
    Ascii,
}

/// How wide the longest bar is, in characters.
const WIDTH: u64 = 24;

impl Ink {
    /// Blocks for people at a terminal who do not want it plain.
    pub(crate) fn of(config: &Config) -> Self {
        if io::stdout().is_terminal() && !config.plain {
            Self::Blocks
        } else {
            Self::Ascii
        }
    }

    /// A bar as long, beside the longest, as a count is beside the greatest.
    pub(crate) fn bar(self, count: u64, most: u64) -> String {
        const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        let (whole, of) = match self {
            Self::Blocks => ("█", 8),
            Self::Ascii => ("#", 1),
        };
        let parts = share(count, most, WIDTH * of);
        let rest = EIGHTHS[index(parts % of)];
        whole.repeat(index(parts / of)) + rest
    }

    /// One character a count, as tall as it is beside the greatest; a count of nothing is the lowest.
    pub(crate) fn sparkline(self, counts: &[u64]) -> String {
        let steps: &[char] = match self {
            Self::Blocks => &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => &['_', '.', ':', '-', '=', '+', '*', '#'],
        };
        let most = counts.iter().copied().max().unwrap_or_default();
        let tallest = steps.len() as u64 - 1;
        counts
            .iter()
            .map(|&count| steps[index(share(count, most, tallest))])
            .collect()
    }
}

/// Of `whole`, as much as a count is of the greatest, rounded up: something is never nothing.
fn share(count: u64, most: u64, whole: u64) -> u64 {
    let share = u128::from(count) * u128::from(whole);
    let share = share.div_ceil(u128::from(most.max(1)));
    u64::try_from(share).unwrap_or(whole).min(whole)
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_counts_are_great() {
        let bar = |count, most| Ink::Blocks.bar(count, most);
        assert_eq!(bar(0, 0), "");
        assert_eq!(bar(0, 9), "");
        assert_eq!(bar(9, 9), "█".repeat(24));
        assert_eq!(bar(1, 2), "█".repeat(12));
        assert_eq!(bar(1, 1_000_000), "▏", "something is never nothing");
        assert_eq!(bar(u64::MAX, u64::MAX), "█".repeat(24));
    }

    #[test]
    fn a_sparkline_is_as_tall_as_counts_are_great() {
        let line = |counts: &[u64]| Ink::Blocks.sparkline(counts);
        assert_eq!(line(&[0, 1, 7, 1_000]), "▁▂▂█");
        assert_eq!(line(&[0, 0]), "▁▁");
        assert_eq!(line(&[]), "");
    }

    #[test]
    fn ascii_stays_ascii() {
        assert_eq!(Ink::Ascii.bar(1, 2), "############");
        assert_eq!(Ink::Ascii.bar(1, 1_000_000), "#");
        assert_eq!(Ink::Ascii.sparkline(&[0, 1, 4, 7]), "_.=#");
    }
}
