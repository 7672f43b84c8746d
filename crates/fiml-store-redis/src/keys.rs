//! The names of keys; nothing else makes one.
//!
//! Everything of a session and the indexes of its bucket share a hash tag, so they lie in one slot of a
//! cluster and one script may change them all. What belongs to an owner lies elsewhere.

use std::fmt::Write;

use fiml_session_core::{IdempotencyKey, SessionId, UserId};
use uuid::fmt::Hyphenated;

/// How many buckets sessions are spread over; written down beside them, because it may never change.
pub(crate) const BUCKETS: u16 = 1_024;

/// The bucket of a session, by the last ten bits of its id, which are random.
pub(crate) const fn bucket(id: SessionId) -> u16 {
    (id.uuid().as_u128() % BUCKETS as u128) as u16
}

/// The keys that scripts are given, in this order; a script that needs few is given the first few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// HASH: `m` what never changes, `n` the numbers, `o` the owner, `t` the tags, and the counts.
    Header,
    /// LIST: the queries, oldest first.
    Queries,
    /// HASH: the remembered answers by their key.
    Answers,
    /// LIST: the keys of the remembered answers, oldest first.
    AnswerOrder,
    /// HASH: the entries of the four maps.
    Entries,
    /// ZSET of the bucket: places by `expires_at`, of sessions not set aside.
    Expiry,
    /// HASH of the bucket: sessions set aside, with the instant and the reason.
    Quarantine,
    /// ZSET of the bucket: places by `created_at`.
    Created,
    /// HASH of the bucket: removed sessions whose owner's index may still name them.
    Removed,
}

impl Part {
    const ALL: [Self; 9] = [
        Self::Header,
        Self::Queries,
        Self::Answers,
        Self::AnswerOrder,
        Self::Entries,
        Self::Expiry,
        Self::Quarantine,
        Self::Created,
        Self::Removed,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Header => "h",
            Self::Queries => "q",
            Self::Answers => "i",
            Self::AnswerOrder => "o",
            Self::Entries => "d",
            Self::Expiry => "expiry",
            Self::Quarantine => "quarantine",
            Self::Created => "created",
            Self::Removed => "removed",
        }
    }

    const fn is_of_bucket(self) -> bool {
        matches!(
            self,
            Self::Expiry | Self::Quarantine | Self::Created | Self::Removed
        )
    }
}

/// Names keys under one prefix.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) const fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// A key of a session, or of its bucket.
    pub(crate) fn of(&self, id: SessionId, part: Part) -> String {
        if part.is_of_bucket() {
            return self.of_bucket(bucket(id), part);
        }
        // By hand, since every call names some keys: with `format!` it was a tenth of what an append took in
        // this process, in instructions.
        let (mut hyphenated, mut digits) = ([0; Hyphenated::LENGTH], [0; 4]);
        let id_text = id.uuid().hyphenated().encode_lower(&mut hyphenated);
        let parts = [
            &self.prefix,
            ":{b",
            decimal(bucket(id), &mut digits),
            "}:",
            id_text,
            ":",
            part.name(),
        ];
        parts.concat()
    }

    /// The keys that a script is given, up to this one.
    pub(crate) fn up_to(&self, id: SessionId, last: Part) -> Vec<String> {
        let parts = Part::ALL.into_iter().filter(|part| *part <= last);
        parts.map(|part| self.of(id, part)).collect()
    }

    /// A key of a bucket.
    pub(crate) fn of_bucket(&self, bucket: u16, part: Part) -> String {
        let (prefix, name) = (&self.prefix, part.name());
        format!("{prefix}:{{b{bucket}}}:{name}")
    }

    /// ZSET: places by `created_at` of one owner's sessions, or of those that have no owner.
    pub(crate) fn owner(&self, owner: Option<&UserId>) -> String {
        format!("{}:owner:{}", self.prefix, escaped_owner(owner))
    }

    /// STRING: the id promised to the first call under a key.
    pub(crate) fn reservation(&self, owner: Option<&UserId>, key: &IdempotencyKey) -> String {
        let (prefix, owner, key) = (&self.prefix, escaped_owner(owner), escaped(key.key()));
        format!("{prefix}:reservation:{owner}:{key}")
    }

    /// HASH: the number of buckets and the layout.
    pub(crate) fn meta(&self) -> String {
        format!("{}:meta", self.prefix)
    }
}

/// A number below 10,000 as text.
fn decimal(mut number: u16, digits: &mut [u8; 4]) -> &str {
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return std::str::from_utf8(&digits[first..]).expect("digits are ASCII");
        }
    }
}

/// No user id is empty, so nobody's is.
fn escaped_owner(owner: Option<&UserId>) -> String {
    owner.map_or_else(String::new, |owner| escaped(owner.as_str()))
}

/// A text in which no character parts names or makes a hash tag; two texts never become one.
fn escaped(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'@' => {
                name.push(byte.into());
            }
            _ => write!(name, "%{byte:02X}").expect("a String takes everything"),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_belongs_together_shares_a_hash_tag() {
        let keys = Keys::new("fiml".to_owned());
        let id = SessionId::from_uuid(Uuid::from_u128(0x1FFF));
        for key in keys.up_to(id, Part::Removed) {
            assert!(key.starts_with("fiml:{b1023}:"), "{key}");
        }
        assert_eq!(keys.up_to(id, Part::Queries).len(), 2);
        assert_eq!(
            keys.of(id, Part::Header),
            "fiml:{b1023}:00000000-0000-0000-0000-000000001fff:h"
        );
    }

    #[test]
    fn every_bucket_has_its_number_in_the_tag() {
        let keys = Keys::new("fiml".to_owned());
        for bucket in 0..BUCKETS {
            let id = SessionId::from_uuid(Uuid::from_u128(bucket.into()));
            let key = keys.of(id, Part::Queries);
            assert_eq!(key, format!("fiml:{{b{bucket}}}:{id}:q"));
        }
    }

    #[test]
    fn no_owner_forges_a_tag_or_another_name() {
        let keys = Keys::new("fiml".to_owned());
        let owners = ["{b0}", "a:b", "a", "a%3Ab", "*", "Ü", " a"];
        let mut names: Vec<_> = owners
            .iter()
            .map(|owner| keys.owner(Some(&owner.parse().unwrap())))
            .collect();
        names.push(keys.owner(None));
        assert!(names.iter().all(|name| !name.contains(['{', '*'])));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), owners.len() + 1);
    }
}
