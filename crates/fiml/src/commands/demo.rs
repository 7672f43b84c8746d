//! `fiml demo`: the two workflows of the quick start on real closing prices, told step by step.
//!
//! The searches are tool calls to the same server that `fiml serve` runs; context and results are kept
//! through the library, as a program would.

use std::{
    fs,
    io::{self, Write},
    iter,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use fiml_mcp::McpServer;
use fiml_session_core::{ErrorCode, ListRequest, ScopedStore, SessionId, StateMap, store::Scope};
use serde_json::{Value, json};

use crate::{
    config::{Config, in_a_shell},
    failures::ToolFailed,
    output::{Output, minute, percent, table},
    wiring,
};

/// Monthly closing prices, 2000 to 2010; `data/README.md` says from where.
const PRICES: &str = include_str!("../../data/stocks.csv");
/// What the sessions of every run are found by.
const TAG: &str = "demo";

pub(crate) async fn run(config: &Config, output: &Output) -> Result<()> {
    // First the file, so that nothing is written beside one that is refused.
    let sessions = wiring::open(config).await?.sessions(config);
    let prices = write_prices(&config.data)?;
    let server = wiring::server(wiring::market_of_files(&prices).await?, sessions, config)?;
    let demo = Demo {
        store: server.services().store.scoped(Scope::All),
        server,
        output,
    };
    let earlier = demo.earlier().await?;
    demo.say("FIML sessions remember what an analysis asked, and what came back, from where and as of when.")?;
    demo.say("Two analyses follow, on the monthly closing prices of five companies, January 2000 to March 2010.")?;
    demo.say(&format!(
        "They are real and old, which every answer says; they are in {}, for you to look at.",
        prices.display()
    ))?;
    if earlier > 0 {
        demo.say(&format!("\nThe file still holds {earlier} sessions of earlier runs; they come up again at the end."))?;
    }
    let compared = demo.comparative().await?;
    let held = demo.portfolio().await?;
    demo.found_again(earlier, config, &prices).await?;
    if output.is_json() {
        let answer = json!({
            "comparative": compared, "portfolio": held,
            "earlier_sessions": earlier, "data": config.data, "prices": prices,
        });
        output.answer(&answer, String::new)?;
    }
    Ok(())
}

/// The prices as a file beside the sessions, so that the reader can look at them and serve them.
///
/// A file of the same name with other content is the reader's own and is left alone.
fn write_prices(data: &Path) -> Result<PathBuf> {
    let folder = wiring::make_folder(data)?;
    let names = (2..=9).map(|n| format!("demo-prices-{n}.csv"));
    for name in iter::once("demo-prices.csv".to_owned()).chain(names) {
        let path = folder.join(name);
        match fs::File::create_new(&path) {
            Ok(mut file) => {
                return match file.write_all(PRICES.as_bytes()) {
                    Ok(()) => Ok(path),
                    Err(error) => {
                        // A part of it would pass for somebody's own file.
                        let _ = fs::remove_file(&path);
                        Err(error).with_context(|| format!("cannot write {}", path.display()))
                    }
                };
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::read(&path).is_ok_and(|held| held == PRICES.as_bytes()) {
                    return Ok(path);
                }
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot write {}", path.display()));
            }
        }
    }
    bail!(
        "{} holds demo-prices.csv to demo-prices-9.csv of other content; move one of them away",
        folder.display()
    )
}

struct Demo<'a> {
    server: McpServer,
    store: ScopedStore,
    output: &'a Output,
}

impl Demo<'_> {
    fn say(&self, text: &str) -> Result<()> {
        if self.output.is_json() {
            Ok(())
        } else {
            self.output.line(text)
        }
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<Value> {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let answer = self
            .server
            .call(tool, arguments)
            .await
            .context("no such tool")?;
        answer.map_err(|error| {
            let known = |code: &ErrorCode| error["code"] == code.name();
            let failed = ToolFailed {
                code: ErrorCode::ALL.into_iter().find(known),
                message: format!("{tool}: {}", word(&error["message"])),
            };
            failed.into()
        })
    }

    async fn earlier(&self) -> Result<usize> {
        let request = ListRequest {
            tags: vec![TAG.to_owned()],
            include_archived: true,
            ..ListRequest::default()
        };
        Ok(self.store.list_user_sessions(&request).await?.total)
    }

    async fn create(
        &self,
        session_type: &str,
        symbols: &[&str],
        tags: &[&str],
    ) -> Result<SessionId> {
        let created = self
            .call(
                "create-analysis-session",
                json!({"assets": symbols, "sessionType": session_type, "tags": tags}),
            )
            .await?;
        self.say(&format!(
            "  create-analysis-session: {} lives {} hours, tags {}",
            word(&created["session_id"]),
            created["ttl_hours"],
            tags.join(", "),
        ))?;
        Ok(word(&created["session_id"]).parse()?)
    }

    /// Asks for a price in the session, and keeps the answer as a result under the symbol.
    async fn ask(&self, session: SessionId, symbol: &str) -> Result<Value> {
        let answer = self
            .call(
                "search-by-symbol",
                json!({"symbol": symbol, "sessionId": session}),
            )
            .await?;
        let quote = &answer["cached"];
        self.say(&format!(
            "  search-by-symbol: query {} {symbol} {:>7}, {} against {}, as of {} from {} ({})",
            answer["session"]["query_number"],
            quote["price"],
            signed(&quote["change_percent"]),
            word(&quote["previous_date"]),
            word(&quote["as_of"]).split('T').next().unwrap_or_default(),
            word(&quote["source"]),
            word(&answer["cache"]["result"]),
        ))?;
        Ok(
            json!({"price": quote["price"], "change_percent": quote["change_percent"], "as_of": quote["as_of"]}),
        )
    }

    async fn comparative(&self) -> Result<SessionId> {
        let symbols = ["AAPL", "MSFT", "GOOG"];
        self.say(
            "\n1. Comparative analysis: which of AAPL, MSFT and GOOG did best in the last month?\n",
        )?;
        let id = self
            .create("comparative", &symbols, &[TAG, "big-tech"])
            .await?;
        for symbol in symbols {
            let result = self.ask(id, symbol).await?;
            let mut session = self.store.get_session(id).await?;
            session.state.store_intermediate_result(symbol, result);
            self.store.update_session(&mut session).await?;
        }
        self.say("  The agent has forgotten the first answer and asks again; the cache has it:")?;
        self.ask(id, "AAPL").await?;

        let mut session = self.store.get_session(id).await?;
        let results = session.state.entries(StateMap::IntermediateResults);
        let change = |result: &Value| {
            result["change_percent"]
                .as_f64()
                .unwrap_or(f64::NEG_INFINITY)
        };
        let mut ranked: Vec<_> = results
            .iter()
            .map(|(symbol, entry)| (symbol.clone(), entry.value.clone()))
            .collect();
        ranked.sort_by(|(_, a), (_, b)| change(b).total_cmp(&change(a)));
        let (best, _) = ranked.first().context("the session holds no results")?;
        let rows = ranked.iter().map(|(symbol, result)| {
            vec![
                symbol.clone(),
                result["price"].to_string(),
                signed(&result["change_percent"]),
            ]
        });
        self.say("\n  Read back from the session, the results compare so:\n")?;
        self.say(&indent(&table(&["symbol", "price", "month"], rows)))?;
        session
            .state
            .update_context("conclusion", format!("{best} did best"));
        self.store.update_session(&mut session).await?;
        self.say(&format!("\n  Kept in the context: \"{best} did best\"."))?;
        self.show(id).await
    }

    async fn portfolio(&self) -> Result<SessionId> {
        let allocation = [("AAPL", 0.5), ("IBM", 0.3), ("AMZN", 0.2)];
        let symbols = allocation.map(|(symbol, _)| symbol);
        self.say(
            "\n2. Portfolio analysis: half AAPL, 30 % IBM, 20 % AMZN. How was the last month?\n",
        )?;
        let id = self
            .create("portfolio", &symbols, &[TAG, "diversified"])
            .await?;
        let mut session = self.store.get_session(id).await?;
        session
            .state
            .update_context("allocation", json!({"AAPL": 0.5, "IBM": 0.3, "AMZN": 0.2}));
        self.store.update_session(&mut session).await?;
        self.say("  Kept in the context: the allocation.")?;
        let mut month = 0.0;
        for (symbol, weight) in allocation {
            let result = self.ask(id, symbol).await?;
            let change = result["change_percent"].as_f64();
            month += weight * change.with_context(|| format!("{symbol} has no month before"))?;
            let mut session = self.store.get_session(id).await?;
            session.state.store_intermediate_result(symbol, result);
            self.store.update_session(&mut session).await?;
        }
        let mut session = self.store.get_session(id).await?;
        session
            .state
            .store_intermediate_result("portfolio_month_percent", (month * 100.0).round() / 100.0);
        self.store.update_session(&mut session).await?;
        self.say(&format!("\n  By its allocation the portfolio moved {month:+.2} % in the month; kept as a result."))?;
        self.show(id).await
    }

    async fn show(&self, id: SessionId) -> Result<SessionId> {
        let info = self
            .call("get-session-info", json!({"sessionId": id}))
            .await?;
        self.say(&format!(
            "  get-session-info: {} queries, {} of them from the cache.",
            info["total_queries"],
            percent(info["cache_hit_rate"].as_f64().unwrap_or_default()),
        ))?;
        Ok(id)
    }

    async fn found_again(&self, earlier: usize, config: &Config, prices: &Path) -> Result<()> {
        let request = ListRequest {
            tags: vec![TAG.to_owned()],
            include_archived: true,
            limit: 6,
            ..ListRequest::default()
        };
        let page = self.store.list_user_sessions(&request).await?;
        let rows = page.sessions.iter().map(|session| {
            let header = &session.header;
            vec![
                header.id.to_string(),
                header.session_type.to_string(),
                minute(header.created_at),
                header.total_queries.to_string(),
            ]
        });
        let since = if earlier > 0 {
            "this run's and earlier ones"
        } else {
            "a second run will find them"
        };
        self.say(&format!(
            "\nEverything is in {} ({since}):\n",
            config.place()
        ))?;
        self.say(&indent(&table(
            &["session", "type", "created (UTC)", "queries"],
            rows,
        )))?;
        self.say(&format!(
            "\nGo on with (in a clone, cargo run --release -- stands for fiml):\n\
             \x20 fiml{again} sessions show {}\n\
             \x20 fiml{again} stats\n\
             \x20 fiml{again} serve --prices {}     (the command for your MCP client)",
            page.sessions
                .first()
                .map(|session| session.header.id.to_string())
                .unwrap_or_default(),
            in_a_shell(prices),
            again = config.again,
        ))
    }
}

/// A change in percent as quotes show it.
fn signed(percent: &Value) -> String {
    let percent = percent.as_f64().unwrap_or(f64::NAN);
    format!("{percent:+.2} %").replace('-', "−")
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("unknown")
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("    {}", line.trim_end()))
        .collect::<Vec<_>>()
        .join("\n")
}
