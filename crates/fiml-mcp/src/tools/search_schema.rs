//! The arguments that both searches take.

use fiml_market::Symbol;

use crate::schema::{self, Named};

/// The longest language tag, in characters; BCP 47 asks for no more.
const MAX_LANGUAGE_CHARS: usize = 35;
/// How many more symbols one call may ask for.
const MAX_MORE: usize = 9;

/// The argument that names the asset.
pub(super) fn symbol_schema(description: &str) -> Named {
    ("symbol", schema::name(description, Symbol::MAX_LENGTH))
}

/// The argument that names more assets.
pub(super) fn more_symbols() -> Named {
    let description = "More symbols to ask for in the same call and in the same way, each once; the answers \
                       stand in more, also where symbol itself has none. Not with idempotencyKey.";
    (
        "moreSymbols",
        schema::names(description, 1, MAX_MORE, Symbol::MAX_LENGTH),
    )
}

/// How much to find out; `standard` is what the middle way adds for this kind of asset.
pub(super) fn depth(standard: &str) -> Named {
    let description = format!(
        "How much to find out: quick is the price and its change; standard, where left out, adds \
         {standard}; deep adds technical figures over daily prices and the price of a second source."
    );
    (
        "depth",
        schema::choice(&description, &["quick", "standard", "deep"]),
    )
}

pub(super) fn language() -> Named {
    let description = "The language wanted, such as en. Answers are in English; another language is \
                       accepted, and notes say that it was not honoured.";
    ("language", schema::name(description, MAX_LANGUAGE_CHARS))
}

pub(super) fn session() -> Named {
    let description = "The session to record this question in: the session_id that \
                       create-analysis-session returned.";
    ("sessionId", schema::text(description))
}
