//! Which sessions a command is about.

use clap::value_parser;
use fiml_analytics::{StatsRequest, parse_instant};
use fiml_session_core::{SessionType, Timestamp};

use crate::commands::argument;

/// Which sessions.
#[derive(Debug, clap::Args)]
pub(crate) struct Selection {
    /// Only those of this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Only those of this type: equity, crypto, portfolio, comparative or macro
    #[arg(long = "type", value_name = "TYPE", value_parser = argument::<SessionType>)]
    session_type: Option<SessionType>,
    /// Those created in the last so many days
    #[arg(long, default_value_t = StatsRequest::DEFAULT_DAYS,
        value_parser = value_parser!(u32).range(1..=i64::from(StatsRequest::MAX_DAYS)))]
    days: u32,
    /// Those created from this day or instant on, in UTC, instead
    #[arg(long, value_name = "WHEN", conflicts_with = "days", value_parser = instant)]
    from: Option<Timestamp>,
    /// Those created before this day or instant, instead of until now
    #[arg(long, value_name = "WHEN", value_parser = instant)]
    until: Option<Timestamp>,
    /// Only those about this asset
    #[arg(long, value_name = "SYMBOL")]
    asset: Option<String>,
    /// Only those with this tag
    #[arg(long)]
    tag: Option<String>,
}

impl Selection {
    /// The same as the analytics take it.
    pub(crate) fn request(self) -> StatsRequest {
        StatsRequest {
            user_id: self.user,
            session_type: self.session_type,
            asset: self.asset,
            tag: self.tag,
            days: self.days,
            from: self.from,
            until: self.until,
        }
    }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let parsed = parse_instant("when", text);
    parsed.map_err(|refused| format!("it must be {}", refused.limit))
}
