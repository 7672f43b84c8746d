//! What kind of thing is priced, and the fixed words that go with it.

use std::fmt;

use serde::Serialize;

/// The kind of asset a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetClass {
    /// A share, a fund, an index: whatever goes by a ticker.
    Equity,
    /// A coin, priced in another currency or coin.
    Coin,
    /// An official figure of an economy, such as a yield, in the unit it is published in.
    Macro,
}

impl AssetClass {
    /// The stable name of the class.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equity => "equity",
            Self::Coin => "coin",
            Self::Macro => "macro",
        }
    }
}

impl AssetClass {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Equity, Self::Coin, Self::Macro];
}

impl fmt::Display for AssetClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The fixed notice that goes with every answer about an asset of this class.
///
/// It is a constant: nothing about the request, the answer or a failure is ever added to it.
pub const fn disclaimer(asset_class: AssetClass) -> &'static str {
    match asset_class {
        AssetClass::Equity => {
            "For information only; not investment advice. Prices come from the source named, as of \
             the time stated, and may be delayed, incomplete or wrong. Check them with your broker \
             or the exchange before you act on them."
        }
        AssetClass::Coin => {
            "For information only; not investment advice. Coin prices differ between venues, move at \
             all hours and may be delayed, incomplete or wrong. Check the source named and the time \
             stated before you act on them; you can lose everything you put in."
        }
        AssetClass::Macro => {
            "For information only; not investment advice. Official figures are published with delay and \
             may be revised. Check them with the office named before you act on them."
        }
    }
}
