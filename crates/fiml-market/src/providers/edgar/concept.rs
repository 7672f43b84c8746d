//! One figure of a company over all its filings, and the newest of them.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::Reported;
use crate::number::Figure;
use crate::text::printable;

/// `/api/xbrl/companyconcept/CIK…/TAXONOMY/CONCEPT.json`.
#[derive(Debug, Deserialize)]
pub(super) struct Concept {
    units: HashMap<String, Vec<Fact>>,
}

#[derive(Debug, Deserialize)]
struct Fact {
    start: Option<NaiveDate>,
    end: NaiveDate,
    val: Figure,
    filed: NaiveDate,
    form: String,
}

/// The days of a full year, which may be one of 52 or 53 weeks.
const YEAR: RangeInclusive<i64> = 350..=380;

impl Concept {
    /// The figure of the latest day, as last filed up to a day.
    pub(super) fn latest(&self, name: &str, unit: &str, today: NaiveDate) -> Option<Reported> {
        self.newest(name, unit, |fact| fact.end <= today && fact.filed <= today)
    }

    /// The figure of the latest full year, as last filed up to a day.
    pub(super) fn latest_year(&self, name: &str, unit: &str, today: NaiveDate) -> Option<Reported> {
        self.newest(name, unit, |fact| {
            let days = fact.start.map(|start| (fact.end - start).num_days());
            days.is_some_and(|days| YEAR.contains(&days)) && fact.filed <= today
        })
    }

    fn newest(&self, name: &str, unit: &str, fits: impl Fn(&Fact) -> bool) -> Option<Reported> {
        let facts = self.units.get(unit)?.iter().filter(|fact| fits(fact));
        let newest = facts.max_by_key(|fact| (fact.end, fact.filed))?;
        Some(Reported {
            value: newest.val.0,
            concept: name.to_owned(),
            end: newest.end,
            filed: newest.filed,
            form: printable(&newest.form),
        })
    }
}

/// Whether no full year can have ended after this one.
pub(super) fn is_newest(year: &Reported, today: NaiveDate) -> bool {
    (today - year.end).num_days() < *YEAR.start()
}
