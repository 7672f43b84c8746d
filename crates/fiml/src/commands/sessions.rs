//! `fiml sessions`: what is stored, and what a person may do to it.

use anyhow::Result;
use clap::{Subcommand, value_parser};
use fiml_mcp::SessionList;
use fiml_session_core::{
    ListRequest, QueryRecord, Session, SessionError, SessionId, SessionPage, SessionStore,
    SessionType, StateMap, Timestamp, store::Scope,
};
use serde_json::json;

use crate::{
    commands::argument,
    config::Config,
    output::{Output, minute, percent, span, table},
    wiring,
};

/// What can be done with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List sessions, newest first
    List(ListArgs),
    /// Show a session with its last queries, context and results
    Show {
        /// The session
        #[arg(value_parser = argument::<SessionId>)]
        id: SessionId,
        /// How many of the last queries to show
        #[arg(long, default_value_t = 10, value_name = "N")]
        queries: usize,
    },
    /// Prolong the life of a session; an archived one comes back
    Extend {
        /// The session
        #[arg(value_parser = argument::<SessionId>)]
        id: SessionId,
        /// By how many hours
        #[arg(long, default_value_t = 24.0)]
        hours: f64,
    },
    /// End a session and move it into the archive
    Archive {
        /// The session
        #[arg(value_parser = argument::<SessionId>)]
        id: SessionId,
    },
    /// Delete a session for good, with its figures
    Delete {
        /// The session
        #[arg(value_parser = argument::<SessionId>)]
        id: SessionId,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Which sessions to list.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only those of this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Also those that have expired, archived or not
    #[arg(long, visible_alias = "all")]
    include_archived: bool,
    /// Only those of this type: equity, crypto, portfolio, comparative or macro
    #[arg(long = "type", value_name = "TYPE", value_parser = argument::<SessionType>)]
    session_type: Option<SessionType>,
    /// Only those with this tag; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only those about this asset
    #[arg(long)]
    asset: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = value_parser!(u16).range(1..=200))]
    limit: u16,
    /// Go on behind a page, by its next cursor
    #[arg(long)]
    cursor: Option<String>,
}

pub(crate) async fn run(command: Command, config: &Config, output: &Output) -> Result<()> {
    let store = wiring::stored_sessions(config).await?;
    match command {
        Command::List(args) => list(&store, args, output).await,
        Command::Show { id, queries } => {
            let session = store.get_session(&Scope::All, id).await?;
            let archived = store.overview(&Scope::All, id, 0).await?.is_archived;
            let at = store.now();
            let value = json!({"is_archived": archived, "is_expired": session.is_expired(at), "session": session});
            output.answer(&value, || render(&session, archived, queries, at))
        }
        Command::Extend { id, hours } => {
            let applied = store.extend_session(&Scope::All, id, hours, None).await?;
            let left = applied.expires_at.since(store.now());
            let value = json!({
                "session_id": id, "expires_at": applied.expires_at,
                "time_remaining_hours": left.as_secs_f64() / 3_600.0, "ttl_capped": applied.ttl_capped,
            });
            output.answer(&value, || {
                let until = minute(applied.expires_at);
                let capped = if applied.ttl_capped {
                    ", the longest life allowed"
                } else {
                    ""
                };
                format!(
                    "extended: lives until {until} UTC, {} from now{capped}",
                    span(left)
                )
            })
        }
        Command::Archive { id } => {
            let moved = store.archive_session(&Scope::All, id).await?;
            let value = json!({"session_id": id, "moved": moved});
            output.answer(&value, || {
                if moved {
                    "archived".to_owned()
                } else {
                    "it was archived already".to_owned()
                }
            })
        }
        Command::Delete { id, yes } => {
            output.confirm(&format!("Delete session {id} for good?"), yes)?;
            if !store.delete_session(&Scope::All, id).await? {
                return Err(SessionError::NotFound { id }.into());
            }
            output.answer(&json!({"session_id": id}), || "deleted".to_owned())
        }
    }
}

async fn list(store: &SessionStore, args: ListArgs, output: &Output) -> Result<()> {
    let request = ListRequest {
        user_id: args.user,
        include_archived: args.include_archived,
        limit: usize::from(args.limit),
        cursor: args.cursor,
        session_type: args.session_type,
        tags: args.tags,
        asset: args.asset,
    };
    let page = store.list_user_sessions(&Scope::All, &request).await?;
    let at = store.now();
    let user = request.user_id.as_deref().map(str::parse).transpose()?;
    output.answer(&SessionList::new(user, page.clone(), at), || {
        listing(&page, at)
    })
}

fn listing(page: &SessionPage, at: Timestamp) -> String {
    if page.sessions.is_empty() {
        return "no session matches; --all lists expired and archived ones too, and without --user everybody's".to_owned();
    }
    let rows = page.sessions.iter().map(|session| {
        let header = &session.header;
        let state = match (session.is_archived, header.is_expired(at)) {
            (true, _) => "archived".to_owned(),
            (false, true) => "expired".to_owned(),
            (false, false) => span(header.time_remaining(at)),
        };
        let user = header
            .user_id
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        vec![
            header.id.to_string(),
            header.session_type.to_string(),
            user,
            shortened(&header.assets),
            header.total_queries.to_string(),
            minute(header.created_at),
            state,
            shortened(&header.tags),
        ]
    });
    let mut text = table(
        &[
            "session",
            "type",
            "user",
            "assets",
            "queries",
            "created (UTC)",
            "left",
            "tags",
        ],
        rows,
    );
    let total = if page.total_capped {
        "more than 1000".to_owned()
    } else {
        page.total.to_string()
    };
    text += &format!("\n\n{} of {total} sessions", page.sessions.len());
    if let Some(cursor) = &page.next_cursor {
        text += &format!("; go on with --cursor {cursor}");
    }
    text
}

/// The first three of a list, and how many more there are.
fn shortened<T: ToString>(items: &[T]) -> String {
    let shown: Vec<_> = items.iter().take(3).map(ToString::to_string).collect();
    let more = items.len() - shown.len();
    if more == 0 {
        shown.join(" ")
    } else {
        format!("{} +{more}", shown.join(" "))
    }
}

fn all<T: ToString>(items: &[T]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

fn render(session: &Session, archived: bool, queries: usize, at: Timestamp) -> String {
    let history = &session.state.history;
    let state = match (archived, session.is_expired(at)) {
        (true, _) => "archived".to_owned(),
        (false, true) => "expired".to_owned(),
        (false, false) => format!("active, {} left", span(session.expires_at.since(at))),
    };
    let hits = percent(history.cache_hit_rate());
    let rows = [
        ("session", session.id.to_string()),
        ("type", session.session_type.to_string()),
        (
            "user",
            session
                .user_id
                .as_ref()
                .map_or_else(|| "none".to_owned(), ToString::to_string),
        ),
        ("assets", all(&session.assets)),
        ("tags", all(&session.tags)),
        ("state", state),
        ("created", format!("{} UTC", minute(session.created_at))),
        ("expires", format!("{} UTC", minute(session.expires_at))),
        (
            "last change",
            format!(
                "{} UTC, version {}",
                minute(session.last_accessed_at),
                session.version
            ),
        ),
        (
            "queries",
            format!("{}, {hits} from the cache", history.total_queries()),
        ),
    ];
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    let mut text = table(&[], rows.map(|(name, value)| vec![name.to_owned(), value]));
    let recent = history.get_recent_queries(queries);
    if !recent.is_empty() {
        text += &format!(
            "\n\n{}",
            table(
                &["#", "asked (UTC)", "query", "result", "ms"],
                recent.into_iter().map(asked)
            )
        );
    }
    for map in StateMap::ALL {
        let entries = session.state.entries(map);
        if !entries.is_empty() {
            let rows = entries
                .iter()
                .map(|(key, entry)| vec![key.clone(), entry.value.to_string()]);
            text += &format!("\n\n{}", table(&[map.name(), ""], rows));
        }
    }
    text
}

fn asked(query: &QueryRecord) -> Vec<String> {
    let failed = query.error.as_ref().map(|error| format!("failed: {error}"));
    vec![
        query.seq.to_string(),
        query.timestamp.map(minute).unwrap_or_default(),
        query.query_type.clone(),
        failed.unwrap_or_else(|| query.result_summary.clone()),
        query
            .execution_time_ms
            .map(|ms| format!("{ms:.2}"))
            .unwrap_or_default(),
    ]
}
