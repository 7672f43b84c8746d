//! Figures of as many companies as the limit of the office and the time of a call allow; of the others, why not.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use fiml_market::{Answer, CacheResult, Market, MarketConfig, NoteKind, QuoteRequest};

use crate::companies::{within, year};
use crate::lines;
use crate::stage::{Reply, Stage, equity, now};

/// The last name of revenue that is looked for.
const LAST_NAME: &str = "/RevenueFromContractWithCustomerIncludingAssessedTax.json";

/// An office that lists companies AAA1, AAA2 and so on; those of odd numbers file revenue under its last
/// name by now.
async fn office(companies: u32) -> Stage {
    Stage::play(move |target| commission(companies, target)).await
}

fn commission(companies: u32, target: &str) -> Reply {
    let is_odd = number(target) % 2 == 1;
    match target {
        "/files/company_tickers.json" => {
            let lines = (1..=companies).map(|one| {
                format!(r#""{one}":{{"cik_str":{one},"ticker":"AAA{one}","title":"x"}}"#)
            });
            Reply::json(format!("{{{}}}", lines.collect::<Vec<_>>().join(",")))
        }
        _ if target.starts_with("/submissions/") => Reply::json("{}"),
        _ if target.ends_with("/EarningsPerShareDiluted.json") => year("USD/shares", 2025, "2"),
        _ if target.ends_with("/Revenues.json") && !is_odd => year("USD", 2025, "222"),
        _ if target.ends_with("/Revenues.json") => year("USD", 2019, "111"),
        _ if target.ends_with(LAST_NAME) => year("USD", 2025, "333"),
        _ => Reply::status(404),
    }
}

/// The number of the company in an address of the office.
fn number(target: &str) -> u32 {
    let digits = target.split("CIK").nth(1).and_then(|rest| rest.get(..10));
    digits.map_or(0, |digits| digits.parse().unwrap())
}

fn all(companies: u32) -> Vec<QuoteRequest> {
    let symbols = (1..=companies).map(|one| format!("AAA{one}"));
    symbols.map(|symbol| equity(&symbol)).collect()
}

async fn answers(market: &Market, companies: u32, seconds: i64) -> Vec<Answer> {
    let moment = now() + TimeDelta::seconds(seconds);
    let answers = market.quotes(&all(companies), moment).await;
    answers.into_iter().map(Result::unwrap).collect()
}

fn assert_asked_once(office: &Stage) {
    let asked = office.asked();
    let different: HashSet<&String> = asked.iter().collect();
    assert_eq!(asked.len(), different.len(), "{asked:?}");
}

/// Checks that a company of a place has all its figures, or says which and why not.
fn assert_served_or_told(place: usize, answer: &Answer) {
    assert_eq!(answer.quote.price.to_string(), "291.13");
    let note = answer.quote.notes.first().map(|note| note.kind);
    let attempt = answer.attempts.last().unwrap();
    assert_eq!(attempt.provider, "edgar");
    let Some(company) = &answer.fundamentals else {
        match attempt.outcome {
            "limit_reached" => assert!(attempt.retry_after.is_some()),
            // Where it takes long to answer what it was asked last.
            outcome => assert_eq!(outcome, "deadline_passed", "company {place}"),
        }
        assert_eq!(note, Some(NoteKind::FundamentalsMissing));
        return;
    };
    assert_eq!(attempt.outcome, "answered", "company {place}");
    assert!(company.earnings_per_share.is_some(), "company {place}");
    let revenue = company.revenue.as_ref();
    let revenue = revenue.map(|revenue| revenue.value.to_string());
    if company.cut_short.is_empty() {
        let filed = if place.is_multiple_of(2) {
            "333"
        } else {
            "222"
        };
        assert_eq!(revenue.as_deref(), Some(filed), "company {place}");
        assert_eq!(note, None);
    } else {
        assert_eq!(company.cut_short, ["revenue"], "company {place}");
        assert_eq!(revenue, None, "that of 2019 is not the latest");
        assert_eq!(note, Some(NoteKind::FundamentalsMissing));
    }
}

#[tokio::test]
async fn of_many_companies_each_has_its_figures_or_the_reason_why_not() {
    // As many as a call of the tools may name, and as many as one of the command.
    for companies in [10, 20] {
        let (office, prices) = (office(companies).await, Stage::play(lines::charts).await);
        let market = within(&office, &prices, MarketConfig::default());
        let answers = answers(&market, companies, 0).await;
        for (place, answer) in answers.iter().enumerate() {
            assert_served_or_told(place, answer);
        }
        let served = answers
            .iter()
            .filter(|answer| answer.fundamentals.is_some())
            .count();
        assert!(served >= 8, "{served} of {companies}");
        assert!(companies <= 10 || served < 20, "more than its share");
        assert_asked_once(&office);
    }
}

#[tokio::test]
async fn what_the_limit_cut_short_is_completed_when_asked_again_and_nothing_is_asked_twice() {
    let (office, prices) = (office(5).await, Stage::play(lines::charts).await);
    // Time for the share of two seconds: of calls that five companies need, those for four of them; and
    // more than a second to answer them.
    let config = MarketConfig {
        deadline: Duration::from_millis(2_500),
        ..MarketConfig::default()
    };
    let market = within(&office, &prices, config);
    let first = answers(&market, 5, 0).await;
    let lacks = |answer: &&Answer| {
        let company = answer.fundamentals.as_ref();
        company.is_none_or(|company| !company.cut_short.is_empty())
    };
    assert!(first.iter().filter(lacks).count() > 0, "{first:?}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let again = answers(&market, 5, 2).await;
    for (place, (first, again)) in first.iter().zip(&again).enumerate() {
        let company = again.fundamentals.as_ref().unwrap();
        assert!(company.cut_short.is_empty(), "company {place}");
        assert!(company.revenue.is_some(), "company {place}");
        if lacks(&first) {
            assert_eq!(again.cache.result, CacheResult::Miss);
            assert!(again.attempts.iter().all(|one| one.provider == "edgar"));
            assert_eq!(again.quote.notes, []);
        } else {
            assert_eq!(again.cache.result, CacheResult::Hit);
        }
        assert_eq!(again.cache.fetched_at, first.cache.fetched_at);
    }
    assert_asked_once(&office);
    assert_eq!(prices.calls(), 5, "a price that is known is not asked for");
}

#[tokio::test]
async fn what_the_office_answered_is_kept_when_another_of_its_answers_fails() {
    let (office, prices) = (office(1).await, Stage::play(lines::charts).await);
    let market = within(&office, &prices, MarketConfig::default());
    office.change(|target| match target {
        "/files/company_tickers.json" => commission(1, target),
        _ if target.ends_with("/Revenues.json") => Reply::status(500),
        _ if target.ends_with("/EarningsPerShareDiluted.json") => year("USD/shares", 2025, "2"),
        _ => Reply::json(r#"{"units":{}}"#),
    });
    let failed = &answers(&market, 1, 0).await[0];
    assert_eq!(failed.fundamentals, None);
    assert_eq!(failed.attempts.last().unwrap().outcome, "server_error");
    let calls = office.calls();
    office.change(|_| year("USD", 2025, "222"));
    let mut again = all(1);
    again[0].market = Some("US".to_owned());
    let answer = market.quote(&again[0], now()).await.unwrap();
    assert!(answer.fundamentals.unwrap().earnings_per_share.is_some());
    assert_eq!(&office.asked()[calls..], [office.asked()[calls].clone()]);
    assert!(office.asked()[calls].ends_with("/Revenues.json"));
}

#[tokio::test]
async fn an_office_that_asks_to_be_left_alone_has_no_price_asked_for_more_often() {
    let (office, prices) = (office(1).await, Stage::play(lines::charts).await);
    office.change(|target| match target {
        "/files/company_tickers.json" => commission(1, target),
        _ => Reply::status(429).header("retry-after", "600"),
    });
    let market = within(&office, &prices, MarketConfig::default());
    let mut of_us = all(1).remove(0);
    of_us.market = Some("US".to_owned());
    for (request, outcome) in [(all(1).remove(0), "rate_limited"), (of_us, "limit_reached")] {
        let answer = market.quote(&request, now()).await.unwrap();
        let attempt = answer.attempts.last().unwrap();
        assert_eq!(attempt.outcome, outcome);
        let reason = attempt.reason.as_deref().unwrap();
        assert!(!reason.contains("used up"), "{reason}");
        let later = now() + TimeDelta::seconds(10);
        let again = market.quote(&request, later).await.unwrap();
        assert_eq!(again.cache.result, CacheResult::Hit);
    }
}

#[tokio::test]
async fn a_list_of_companies_that_does_not_come_costs_only_whoever_asked_for_it_its_figures() {
    let (office, prices) = (office(3).await, Stage::play(lines::charts).await);
    let lists = AtomicUsize::new(0);
    office.change(move |target| match target {
        "/files/company_tickers.json" if lists.fetch_add(1, Ordering::SeqCst) == 0 => {
            Reply::json("{}").after(Duration::from_hours(1))
        }
        _ => commission(3, target),
    });
    let config = MarketConfig {
        provider_timeout: Duration::from_secs(1),
        ..MarketConfig::default()
    };
    let market = within(&office, &prices, config);
    let answers = answers(&market, 3, 0).await;
    let outcomes = answers.iter().map(|answer| answer.attempts.last().unwrap());
    let outcomes: Vec<_> = outcomes.map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, ["timeout", "answered", "answered"]);
}

#[tokio::test]
async fn the_list_of_companies_is_not_asked_for_again_as_of_a_moment_before() {
    let (office, prices) = (office(2).await, Stage::play(lines::charts).await);
    let market = within(&office, &prices, MarketConfig::default());
    for (symbol, earlier) in [("AAA1", 0), ("AAA2", 1)] {
        let moment = now() - TimeDelta::milliseconds(earlier);
        let answer = market.quote(&equity(symbol), moment).await.unwrap();
        assert!(answer.fundamentals.is_some(), "{symbol}");
    }
    assert_asked_once(&office);
}
