//! Which sections are run: all of them, or those named on the command line.

/// The benches by name; `just bench` runs one after the other with the same words.
const BENCHES: [&str; 3] = ["embedded", "tiers", "http"];

/// What the command line asks of one bench.
#[derive(Debug)]
pub(crate) struct Wanted {
    bench: bool,
    sections: Vec<String>,
}

impl Wanted {
    /// Of this bench: everything where no word says otherwise.
    pub(crate) fn of(bench: &str) -> Self {
        let words = std::env::args()
            .skip(1)
            .filter(|word| !word.starts_with('-'));
        let (benches, sections): (Vec<_>, Vec<_>) =
            words.partition(|word| BENCHES.contains(&word.as_str()));
        Self {
            bench: benches.is_empty() || benches.iter().any(|named| named == bench),
            sections,
        }
    }

    /// Whether anything of the bench may be wanted.
    pub(crate) fn is_any(&self) -> bool {
        self.bench
    }

    /// Whether a section is, or a part of its name.
    pub(crate) fn has(&self, section: &str) -> bool {
        let named = |word: &String| section.starts_with(word.as_str());
        self.bench && (self.sections.is_empty() || self.sections.iter().any(named))
    }
}
