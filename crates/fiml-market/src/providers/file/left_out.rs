//! What of the price files could not be used, by the symbol that it is about.

use std::collections::BTreeMap;

use crate::Symbol;

/// For how many symbols it is kept apart; what is about others counts as being about nobody knows which.
const MAX_SYMBOLS: usize = 10_000;

/// What of the price files could not be used.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    by_symbol: BTreeMap<Symbol, Count>,
    untold: Count,
}

/// What could not be used.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Line,
    File,
}

#[derive(Debug, Default)]
struct Count {
    lines: usize,
    files: usize,
    first: Option<String>,
}

impl LeftOut {
    /// Adds a line or a file; `problem` says where it is and what is wrong.
    pub(super) fn add(
        &mut self,
        part: Part,
        symbol: Option<Symbol>,
        problem: impl FnOnce() -> String,
    ) {
        let known = self.by_symbol.len();
        let symbol =
            symbol.filter(|symbol| known < MAX_SYMBOLS || self.by_symbol.contains_key(symbol));
        let count = match symbol {
            Some(symbol) => self.by_symbol.entry(symbol).or_default(),
            None => &mut self.untold,
        };
        match part {
            Part::Line => count.lines += 1,
            Part::File => count.files += 1,
        }
        count.first.get_or_insert_with(problem);
    }

    /// What is about this symbol, in a sentence.
    pub(super) fn about(&self, symbol: &Symbol) -> Option<String> {
        let count = self.by_symbol.get(symbol)?;
        count.told(&format!("about {symbol} could not be used"))
    }

    /// What may be about any symbol, in a sentence.
    pub(super) fn about_any(&self) -> Option<String> {
        let of_whom = "could not be used, and may be about any symbol";
        self.untold.told(of_whom)
    }
}

impl Count {
    fn told(&self, what: &str) -> Option<String> {
        let first = self.first.as_deref()?;
        let counts = [(self.lines, "line"), (self.files, "file")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts
            .map(|(count, of)| format!("{count} {of}{}", if count == 1 { "" } else { "s" }))
            .collect();
        let introduction = if self.lines + self.files == 1 {
            ""
        } else {
            "the first: "
        };
        let counts = counts.join(" and ");
        Some(format!("{counts} {what}; {introduction}{first}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_used_is_told_to_those_whom_it_may_concern() {
        let mut left_out = LeftOut::default();
        let symbol = |text: &str| text.parse::<Symbol>().unwrap();
        for line in [2, 3] {
            let problem = || format!("p.csv line {line}: no");
            left_out.add(Part::Line, Some(symbol("AAPL")), problem);
        }
        left_out.add(Part::File, None, || "x.csv: it is empty".to_owned());
        let about = |text| left_out.about(&symbol(text));
        assert_eq!(
            about("AAPL").unwrap(),
            "2 lines about AAPL could not be used; the first: p.csv line 2: no"
        );
        assert_eq!(about("MSFT"), None);
        assert_eq!(
            left_out.about_any().unwrap(),
            "1 file could not be used, and may be about any symbol; x.csv: it is empty"
        );
    }
}
