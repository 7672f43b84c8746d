//! Who and what: session ids, user ids, assets and tags, each proven when it is made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    text::{Invalid, check_name},
};

/// A session's id: a UUIDv7 with all 74 remaining bits random ([RFC 9562], section 5.7).
///
/// It orders and partitions sessions by creation; it is never a permission.
///
/// [RFC 9562]: https://www.rfc-editor.org/rfc/rfc9562#section-5.7
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(Uuid);

impl SessionId {
    /// A fresh id for a session that is created at the given instant.
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        let mut random = [0; 10];
        getrandom::fill(&mut random).expect("the operating system supplies random bytes");
        let millis = u64::try_from(instant.micros() / 1_000).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// The id with the given UUID.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The id as a UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl FromStr for SessionId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Only the hyphenated form: an id has one spelling, so that it can be searched for as text.
        match Uuid::try_parse(text) {
            Ok(uuid) if text.len() == 36 => Ok(Self(uuid)),
            _ => Err(Invalid::malformed(
                "session_id",
                "is not a session id",
                "a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057",
            )),
        }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The owner of a session: 1 to 255 bytes of visible characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

impl UserId {
    /// The longest user id, in bytes.
    pub const MAX_BYTES: usize = 255;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UserId {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        check_name("user_id", &text, Self::MAX_BYTES)?;
        Ok(Self(text))
    }
}

impl FromStr for UserId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<UserId> for String {
    fn from(user: UserId) -> Self {
        user.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a session is about, a ticker or a coin: trimmed, upper-cased, 1 to 32 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Asset(String);

impl Asset {
    /// The longest asset, in characters.
    pub const MAX_CHARS: usize = 32;

    /// The asset as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Asset {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let symbol = text.trim().to_uppercase();
        let chars = symbol.chars().count();
        if chars > Self::MAX_CHARS {
            return Err(Invalid::malformed(
                "asset",
                format!("is {chars} characters long"),
                format!("1 to {} visible characters", Self::MAX_CHARS),
            ));
        }
        let bytes = Self::MAX_CHARS * 4;
        check_name("asset", &symbol, bytes).map_err(|error| Invalid {
            limit: format!("1 to {} visible characters", Self::MAX_CHARS),
            ..error
        })?;
        Ok(Self(symbol))
    }
}

impl TryFrom<String> for Asset {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Asset> for String {
    fn from(asset: Asset) -> Self {
        asset.0
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A label that sessions are found by: 1 to 64 bytes of visible characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl Tag {
    /// The longest tag, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Tag {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        check_name("tag", &text, Self::MAX_BYTES)?;
        Ok(Self(text))
    }
}

impl FromStr for Tag {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_version_seven_that_orders_by_creation() {
        let early = SessionId::at(Timestamp::from_micros(1_000_000));
        let late = SessionId::at(Timestamp::from_micros(2_000_000));
        assert_eq!(early.uuid().get_version_num(), 7);
        assert!(early < late);
        assert_eq!(early.to_string().parse::<SessionId>().unwrap(), early);
    }

    #[test]
    fn an_id_in_another_spelling_is_refused() {
        for text in [
            "",
            "x",
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
        ] {
            assert!(text.parse::<SessionId>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_asset_is_trimmed_and_upper_cased() {
        assert_eq!(" brk.b ".parse::<Asset>().unwrap().as_str(), "BRK.B");
        assert!("A".repeat(33).parse::<Asset>().is_err());
    }
}
