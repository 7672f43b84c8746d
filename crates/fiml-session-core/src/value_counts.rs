//! How often each of many values occurred.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

/// How often each value occurred; exact counts, merged by addition.
///
/// Sorted by value, so that two are merged in one walk along both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueCounts(Vec<(u64, u64)>);

impl ValueCounts {
    /// Counts a value once more.
    pub fn record(&mut self, value: u64) {
        self.add(value, 1);
    }

    /// Counts a value so many times more.
    pub fn add(&mut self, value: u64, count: u64) {
        if count == 0 {
            return;
        }
        match self.0.binary_search_by_key(&value, |&(held, _)| held) {
            Ok(place) => self.0[place].1 += count,
            Err(place) => self.0.insert(place, (value, count)),
        }
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        // A few among many are found faster than all of them are walked along.
        if other.0.len() * 16 < self.0.len() {
            other
                .0
                .iter()
                .for_each(|&(value, count)| self.add(value, count));
            return;
        }
        let mut merged = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut held, mut added) = (self.0.iter().copied(), other.0.iter().copied());
        let (mut one, mut two) = (held.next(), added.next());
        loop {
            match (one, two) {
                (Some(left), Some(right)) if left.0 == right.0 => {
                    merged.push((left.0, left.1 + right.1));
                    (one, two) = (held.next(), added.next());
                }
                (Some(left), Some(right)) if left.0 > right.0 => {
                    merged.push(right);
                    two = added.next();
                }
                (Some(left), _) => {
                    merged.push(left);
                    one = held.next();
                }
                (None, Some(right)) => {
                    merged.push(right);
                    two = added.next();
                }
                (None, None) => break,
            }
        }
        self.0 = merged;
    }

    /// Takes the counts of another away; false, and nothing is changed that counts, where they were never added.
    #[must_use]
    pub fn subtract(&mut self, other: &Self) -> bool {
        for &(value, count) in &other.0 {
            let place = self.0.binary_search_by_key(&value, |&(held, _)| held);
            let held = place.ok().map(|place| &mut self.0[place].1);
            let Some(held) = held.filter(|held| **held >= count) else {
                return false;
            };
            *held -= count;
        }
        self.0.retain(|&(_, count)| count > 0);
        true
    }

    /// Each value with its count, the smallest value first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().copied()
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// The nearest-rank percentile: the smallest value that at least `percent` of all values do not
    /// exceed; none where nothing was counted.
    ///
    /// `percent` is 1 to 100. Source of the definition: NIST/SEMATECH e-Handbook of Statistical Methods,
    /// section 7.2.6.2, in its nearest-rank form.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let reached = self.0.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        reached.map(|(value, _)| *value)
    }
}

impl Serialize for ValueCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl<'de> Deserialize<'de> for ValueCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Counts)
    }
}

struct Counts;

impl<'de> Visitor<'de> for Counts {
    type Value = ValueCounts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of values to how often each occurred")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ValueCounts, A::Error> {
        let mut counts = ValueCounts(Vec::with_capacity(map.size_hint().unwrap_or(0).min(4_096)));
        while let Some((value, count)) = map.next_entry()? {
            // Ours are in order; text keys that others wrote may not be.
            match counts.0.last() {
                Some(&(last, _)) if value <= last => counts.add(value, count),
                _ if count > 0 => counts.0.push((value, count)),
                _ => {}
            }
        }
        Ok(counts)
    }
}

/// A value at the resolution that digests keep: three significant decimal digits, halves up.
#[must_use]
pub fn three_digits(value: u64) -> u64 {
    let mut unit = 1;
    while value / unit >= 1_000 {
        unit *= 10;
    }
    (value / unit + u64::from(value % unit * 2 >= unit && unit > 1)).saturating_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(values: &[u64]) -> ValueCounts {
        let mut counts = ValueCounts::default();
        values.iter().for_each(|&value| counts.record(value));
        counts
    }

    #[test]
    fn percentiles_are_of_nearest_rank() {
        assert_eq!(counts(&[]).percentile(50), None);
        let counts = counts(&(1..=200).collect::<Vec<_>>());
        let at = |percent| counts.percentile(percent);
        assert_eq!(
            [at(50), at(95), at(99), at(100)],
            [Some(100), Some(190), Some(198), Some(200)]
        );
    }

    #[test]
    fn merged_counts_are_those_of_all_values_whichever_are_more() {
        let many: Vec<_> = (0..100).map(|n| n * 7 % 41).collect();
        for few in [&[][..], &[3], &[100, 0, 3, 3]] {
            let all = counts(&[&many[..], few].concat());
            let (mut one, mut other) = (counts(&many), counts(few));
            one.merge(&counts(few));
            other.merge(&counts(&many));
            assert_eq!((&one, &other), (&all, &all));
            assert!(one.subtract(&counts(few)));
            assert_eq!(one, counts(&many));
        }
        let mut held = counts(&[1, 2]);
        assert!(!held.subtract(&counts(&[2, 2])), "never counted so often");
        assert!(!held.subtract(&counts(&[5])), "never counted");
    }

    #[test]
    fn they_are_a_map_in_json_and_read_back_equal_in_any_order() {
        let held = counts(&[7, 1_000, 7, 12]);
        let json = serde_json::to_string(&held).unwrap();
        assert_eq!(json, r#"{"7":2,"12":1,"1000":1}"#);
        for json in [&*json, r#"{"1000":1,"12":1,"7":1,"7":1,"9":0}"#] {
            assert_eq!(serde_json::from_str::<ValueCounts>(json).unwrap(), held);
        }
    }

    #[test]
    fn three_digits_stay() {
        let rounded = [0, 7, 999, 1_004, 1_005, 9_996, 123_456].map(three_digits);
        assert_eq!(rounded, [0, 7, 999, 1_000, 1_010, 10_000, 123_000]);
    }
}
