//! The schema of what both searches return.

use rmcp::model::JsonObject;
use serde_json::{Value, json};

use crate::schema::{self, Named, instant, number, text};

/// The schema of the result.
pub(super) fn answer() -> JsonObject {
    schema::result(
        [
            ("symbol", text("What was asked for.")),
            ("cached", cached_schema()),
            ("disclaimer", text("A fixed notice.")),
            ("data_lineage", lineage_schema()),
            ("freshness", freshness_schema()),
            ("cache", cache_schema()),
            (
                "attempts",
                schema::list(
                    "The sources asked, in order; none when memory answered. Also in an error, where none \
                     could answer.",
                    &attempt_schema(),
                ),
            ),
        ],
        [
            ("name", text("Its name.")),
            ("exchange", text("The exchange the price is from.")),
            ("market", text("The market the price is from.")),
            ("currency", text("The currency of the price.")),
            ("pair", text("For a coin, the pair really found.")),
            ("structural_data", structural_schema()),
            ("crypto_metrics", crypto_schema()),
            (
                "notes",
                schema::list(
                    "What a reader must know to read the price rightly.",
                    &note_schema(),
                ),
            ),
            ("fundamentals", fundamentals_schema()),
            ("valuation", valuation_schema()),
            ("technical", technical_schema()),
            ("comparison", comparison_schema()),
            (
                "licence",
                text("The terms under which the figures may be used."),
            ),
            ("session", tracking_schema()),
            (
                "more",
                schema::list(
                    "One for each of moreSymbols, in their order: status success with the fields of this \
                     answer, or status error with symbol, code, message and hint.",
                    &json!({"type": "object"}),
                ),
            ),
        ],
    )
}

fn cached_schema() -> Value {
    schema::object_with(
        [
            (
                "price",
                number("The price; above zero, but for an official yield."),
            ),
            (
                "as_of",
                text("The instant the price is of; the date alone where no more is known."),
            ),
            ("last_updated", instant("When the source was asked.")),
            ("source", text("Who answered, and from what.")),
            (
                "ttl",
                schema::count("Seconds until the source is asked again."),
            ),
        ],
        [
            ("change", number("The difference from the earlier price.")),
            (
                "change_percent",
                number("The same in percent of the earlier price."),
            ),
            (
                "change_basis",
                schema::choice(
                    "What the earlier price is.",
                    &["previous_row", "previous_close", "24h", "utc_day"],
                ),
            ),
            ("previous_price", number("The earlier price.")),
            ("previous_date", text("Its date.")),
            ("open", number("The first price of the day.")),
            ("day_high", number("The highest price of the day.")),
            ("day_low", number("The lowest price of the day.")),
            ("volume", number("The amount traded that day.")),
            (
                "bid",
                number("The highest price at which somebody would buy."),
            ),
            (
                "ask",
                number("The lowest price at which somebody would sell."),
            ),
            ("currency", text("The currency of the price.")),
            (
                "market_state",
                schema::choice("Whether it is being traded.", &["open", "closed"]),
            ),
        ],
    )
}

fn structural_schema() -> Value {
    schema::object_with(
        [
            (
                "week_52_high",
                number("The highest price of the trailing year."),
            ),
            (
                "week_52_low",
                number("The lowest price of the trailing year."),
            ),
            (
                "computed_from",
                text("Which prices the range is taken from."),
            ),
        ],
        [
            ("from", text("The first date looked at.")),
            ("to", text("The last date looked at.")),
            ("rows", schema::count("How many rows were looked at.")),
            ("average_volume", number("The mean volume.")),
            ("average_volume_rows", schema::count("Of how many rows.")),
        ],
    )
}

fn crypto_schema() -> Value {
    schema::object_with(
        [],
        [
            (
                "volume24h",
                number("The amount of the coin traded in 24 hours."),
            ),
            ("high_24h", number("The highest price of 24 hours.")),
            ("low_24h", number("The lowest price of 24 hours.")),
        ],
    )
}

fn fundamentals_schema() -> Value {
    let reported = |description: &str| {
        let mut figure = schema::object([
            ("value", number("The figure.")),
            ("concept", text("The office's name of it.")),
            ("end", text("The day it is of, or the last of its period.")),
            ("filed", text("The day it was filed.")),
            ("form", text("The form it was filed in.")),
        ]);
        figure["description"] = description.into();
        figure
    };
    schema::object_with(
        [
            ("source", text("The office that published them.")),
            ("company_id", text("The company's number there.")),
            ("fetched_at", instant("When the office was asked.")),
        ],
        [
            ("name", text("The company's name there.")),
            ("industry", text("Its industry.")),
            ("shares_outstanding", reported("Shares outstanding.")),
            (
                "earnings_per_share",
                reported("Diluted, of the last full year, in US dollars."),
            ),
            ("revenue", reported("Of the last full year, in US dollars.")),
            (
                "cut_short",
                schema::list(
                    "Those of these figures that the company may report and that were not looked for under \
                     all their names, because the limit of calls was reached; ask again.",
                    &json!({"type": "string"}),
                ),
            ),
        ],
    )
}

fn valuation_schema() -> Value {
    schema::object_with(
        [],
        [
            (
                "market_cap",
                number("The price times the shares outstanding."),
            ),
            ("pe_ratio", number("The price over the earnings per share.")),
        ],
    )
}

fn technical_schema() -> Value {
    schema::object_with(
        [
            ("from", text("The first day looked at.")),
            ("to", text("The last.")),
            ("days", schema::count("How many daily prices.")),
            ("return_percent", number("Over the whole window.")),
            ("volatility_percent", number("Of daily returns, a year.")),
            ("volatility_days", schema::count("Days a year of that.")),
            ("max_drawdown_percent", number("The deepest fall.")),
        ],
        [
            ("sma_20", number("The mean of the last 20 prices.")),
            ("sma_50", number("Of the last 50.")),
            ("sma_200", number("Of the last 200.")),
            ("rsi_14", number("Wilder's relative strength index.")),
        ],
    )
}

fn comparison_schema() -> Value {
    schema::object([
        ("source", text("A second source.")),
        ("price", number("Its price.")),
        (
            "as_of",
            json!({"type": "object", "description": "The instant of that price."}),
        ),
        (
            "spread_percent",
            number("By how much it is above the first."),
        ),
    ])
}

fn note_schema() -> Value {
    let fields: [Named; 2] = [
        ("kind", text("What it is about.")),
        ("message", text("The same in a sentence.")),
    ];
    schema::object(fields)
}

fn lineage_schema() -> Value {
    schema::object([
        (
            "providers",
            schema::list("Who answered.", &text("A provider.")),
        ),
        ("sources", schema::list("From what.", &text("A source."))),
        ("source_count", schema::count("How many.")),
        ("timestamp", instant("When they were asked.")),
    ])
}

fn freshness_schema() -> Value {
    let status = ["live", "delayed", "end_of_day", "stale"];
    schema::object_with(
        [
            (
                "status",
                schema::choice("Whether the price may be taken as current.", &status),
            ),
            ("as_of", instant("The instant the price is of.")),
            (
                "as_of_kind",
                schema::choice("How that is known.", &["exchange", "received", "date"]),
            ),
            ("fetched_at", instant("When the source was asked.")),
            (
                "age_seconds",
                json!({"type": "integer", "description": "The age of the price."}),
            ),
            ("expires_at", instant("When the source is asked again.")),
        ],
        [
            (
                "delay_seconds",
                schema::count("How far behind the source is."),
            ),
            ("stale_reason", text("Why the price is stale.")),
        ],
    )
}

fn cache_schema() -> Value {
    schema::object([
        (
            "result",
            schema::choice(
                "Whether memory answered (hit; stale: past its time), a source, or one that somebody else \
                 was asking (coalesced).",
                &["hit", "miss", "coalesced", "stale"],
            ),
        ),
        ("fetched_at", instant("When the source was asked.")),
        ("expires_at", instant("When memory forgets the answer.")),
        ("ttl_seconds", schema::count("Seconds until then.")),
    ])
}

fn attempt_schema() -> Value {
    schema::object_with(
        [
            ("provider", text("The source.")),
            ("outcome", text("`answered`, or the failure.")),
            ("ms", schema::count("How long it took.")),
        ],
        [
            ("reason", text("Why it failed.")),
            (
                "http_status",
                schema::count("The HTTP status, where it was not 200."),
            ),
            (
                "retry_after",
                schema::count("Seconds after which it may be asked again."),
            ),
        ],
    )
}

fn tracking_schema() -> Value {
    schema::object_with(
        [
            ("id", text("The session.")),
            (
                "tracked",
                schema::flag("Whether the question stands in its record."),
            ),
        ],
        [
            (
                "query_number",
                schema::count("The question's place in the record."),
            ),
            (
                "reason",
                text("Why it does not: the code of the error, and the limit."),
            ),
        ],
    )
}
