//! Official figures of companies beside a price, and without them.

use std::sync::Arc;

use chrono::TimeDelta;
use fiml_market::{Edgar, EdgarConfig, Market, MarketConfig, NoteKind};

use crate::lines::Chart;
use crate::stage::{Reply, Stage, client, equity, now, yahoo};

const TICKERS: &str = r#"{"0":{"cik_str":320193,"ticker":"AAPL","title":"Apple Inc."},"1":{"cik_str":1067983,"ticker":"BRK-B","title":"BERKSHIRE HATHAWAY INC"}}"#;

/// The office, with the forms in which quarters and years were filed.
fn filed(target: &str, [quarter, year]: [&str; 2]) -> Reply {
    let concept = |unit: &str, facts: &str| {
        let facts = facts.replace("10-Q", quarter).replace("10-K", year);
        Reply::json(format!(
            r#"{{"cik":320193,"taxonomy":"x","tag":"x","label":"x","description":"x","entityName":"Apple Inc.","units":{{"{unit}":[{facts}]}}}}"#
        ))
    };
    match target {
        "/files/company_tickers.json" => Reply::json(TICKERS),
        "/submissions/CIK0000320193.json" => Reply::json(
            r#"{"cik":"0000320193","name":"Apple Inc.","sic":"3571","sicDescription":"Electronic Computers","tickers":["AAPL"],"exchanges":["Nasdaq"],"filings":{"recent":{}}}"#,
        ),
        "/api/xbrl/companyconcept/CIK0000320193/dei/EntityCommonStockSharesOutstanding.json" => {
            concept(
                "shares",
                r#"{"end":"2026-01-16","val":14700000000,"accn":"a","fy":2026,"fp":"Q1","form":"10-Q","filed":"2026-01-30"},{"end":"2026-04-17","val":14600000000,"accn":"b","fy":2026,"fp":"Q2","form":"10-Q","filed":"2026-05-01"},{"end":"2026-07-17","val":1,"accn":"c","fy":2026,"fp":"Q3","form":"10-Q","filed":"2026-08-01"}"#,
            )
        }
        "/api/xbrl/companyconcept/CIK0000320193/us-gaap/EarningsPerShareDiluted.json" => concept(
            "USD/shares",
            r#"{"start":"2024-09-29","end":"2025-09-27","val":7.46,"accn":"d","fy":2025,"fp":"FY","form":"10-K","filed":"2025-10-31"},{"start":"2025-12-28","end":"2026-03-28","val":2.01,"accn":"e","fy":2026,"fp":"Q2","form":"10-Q","filed":"2026-05-01"}"#,
        ),
        _ => Reply::of(404, "text/html", "<html>NoSuchKey</html>"),
    }
}

fn commission(target: &str) -> Reply {
    filed(target, ["10-Q", "10-K"])
}

async fn over(office: &Stage, prices: &Stage) -> Market {
    within(office, prices, MarketConfig::default())
}

/// A market whose prices and figures are from these, as the configuration has it.
pub(crate) fn within(office: &Stage, prices: &Stage, config: MarketConfig) -> Market {
    let edgar = EdgarConfig {
        site_url: office.url(),
        data_url: office.url(),
        contact: "desk@example.com".to_owned(),
    };
    let edgar = Edgar::new(&client(), &edgar).unwrap();
    Market::with_fundamentals(vec![yahoo(&prices.url())], Some(Arc::new(edgar)), config)
}

#[tokio::test]
async fn figures_of_the_last_full_year_stand_beside_the_price_with_their_dates() {
    let (office, prices) = (
        Stage::play(commission).await,
        Stage::always(Chart::default().reply()).await,
    );
    let market = over(&office, &prices).await;
    let answer = market.quote(&equity("AAPL"), now()).await.unwrap();
    let company = answer.fundamentals.as_ref().unwrap();
    assert_eq!(company.industry.as_deref(), Some("Electronic Computers"));
    let shares = company.shares_outstanding.as_ref().unwrap();
    assert_eq!(
        (
            shares.value.to_string().as_str(),
            shares.end.to_string().as_str()
        ),
        ("14600000000", "2026-04-17")
    );
    let earnings = company.earnings_per_share.as_ref().unwrap();
    assert_eq!(
        (earnings.value.to_string().as_str(), earnings.form.as_str()),
        ("7.46", "10-K")
    );
    assert_eq!(company.revenue, None, "what is not reported is absent");
    let valuation = answer.valuation.as_ref().unwrap();
    assert_eq!(valuation.market_cap.unwrap().to_string(), "4250498000000");
    assert_eq!(valuation.pe_ratio.unwrap().to_string(), "39.03");
    assert_eq!(answer.data_lineage.providers, ["yahoo", "edgar"]);
    assert_eq!(answer.data_lineage.source_count, 2);
    assert!(
        office
            .heads()
            .iter()
            .all(|head| head.contains("user-agent: desk@example.com"))
    );
}

#[tokio::test]
async fn figures_are_asked_once_a_day_and_the_office_failing_costs_no_price() {
    let (office, prices) = (
        Stage::play(commission).await,
        Stage::always(Chart::default().reply()).await,
    );
    let market = over(&office, &prices).await;
    market.quote(&equity("AAPL"), now()).await.unwrap();
    let asked = office.calls();
    let later = now() + TimeDelta::hours(12);
    let again = market.quote(&equity("AAPL"), later).await.unwrap();
    assert!(again.fundamentals.is_some());
    assert_eq!(office.calls(), asked, "twelve hours later they still hold");
    office.change(|_| Reply::status(403));
    let days_later = now() + TimeDelta::days(3);
    // Another question about the same company, which memory has no answer to.
    let mut of_us = equity("AAPL");
    of_us.market = Some("US".to_owned());
    let kept = market.quote(&of_us, days_later).await.unwrap();
    assert!(
        kept.fundamentals.is_some(),
        "kept for a week where the office fails"
    );
    let attempt = kept.attempts.last().unwrap();
    assert_eq!(attempt.provider, "edgar");
    assert_ne!(attempt.outcome, "answered");

    let market = over(&office, &prices).await;
    let answer = market.quote(&equity("AAPL"), now()).await.unwrap();
    assert_eq!(answer.quote.price.to_string(), "291.13");
    assert_eq!(answer.fundamentals, None);
    assert!(
        answer
            .quote
            .notes
            .iter()
            .any(|note| note.kind == NoteKind::FundamentalsMissing)
    );
    let attempt = answer.attempts.last().unwrap();
    assert_eq!(
        (attempt.provider.as_str(), attempt.outcome),
        ("edgar", "refused")
    );
}

#[tokio::test]
async fn a_share_without_filings_has_no_figures_and_no_complaint() {
    let chart = Chart {
        symbol: "VTI",
        ..Chart::default()
    };
    let (office, prices) = (
        Stage::play(commission).await,
        Stage::always(chart.reply()).await,
    );
    let market = over(&office, &prices).await;
    let answer = market.quote(&equity("VTI"), now()).await.unwrap();
    assert_eq!(answer.fundamentals, None);
    assert!(answer.quote.notes.is_empty());
}

#[tokio::test]
async fn a_foreign_filer_is_not_valued_because_its_shares_are_not_those_that_are_traded() {
    let (office, prices) = (
        Stage::play(|target| filed(target, ["6-K", "20-F"])).await,
        Stage::always(Chart::default().reply()).await,
    );
    let market = over(&office, &prices).await;
    let answer = market.quote(&equity("AAPL"), now()).await.unwrap();
    let company = answer.fundamentals.as_ref().unwrap();
    assert_eq!(company.shares_outstanding.as_ref().unwrap().form, "6-K");
    let valued = answer.valuation.as_ref();
    assert!(valued.is_none_or(|valued| valued.market_cap.is_none() && valued.pe_ratio.is_none()));
}

/// The facts of one full year under one name of a figure.
pub(crate) fn year(unit: &str, ended: i32, value: &str) -> Reply {
    let began = ended - 1;
    Reply::json(format!(
        r#"{{"units":{{"{unit}":[{{"start":"{began}-12-31","end":"{ended}-12-30","val":{value},"form":"10-K","filed":"{}-02-15"}}]}}}}"#,
        ended + 1
    ))
}

#[tokio::test]
async fn a_figure_whose_name_a_company_changed_is_the_one_of_the_later_year() {
    let contract = "RevenueFromContractWithCustomerExcludingAssessedTax";
    for (old, new) in [(contract, "Revenues"), ("Revenues", contract)] {
        let office = Stage::play(move |target| {
            let name = target.rsplit('/').next().unwrap().trim_end_matches(".json");
            match name {
                "EarningsPerShareDiluted" => year("USD/shares", 2021, "1.25"),
                "EarningsPerShareBasicAndDiluted" => year("USD/shares", 2025, "-0.5"),
                name if name == old => year("USD", 2020, "111"),
                name if name == new => year("USD", 2025, "222"),
                _ => commission(target),
            }
        })
        .await;
        let prices = Stage::always(Chart::default().reply()).await;
        let market = over(&office, &prices).await;
        let answer = market.quote(&equity("AAPL"), now()).await.unwrap();
        let company = answer.fundamentals.as_ref().unwrap();
        let revenue = company.revenue.as_ref().unwrap();
        assert_eq!(revenue.value.to_string(), "222", "{new} after {old}");
        assert_eq!(revenue.end.to_string(), "2025-12-30");
        let earnings = company.earnings_per_share.as_ref().unwrap();
        assert_eq!(earnings.value.to_string(), "-0.5");
        assert_eq!(answer.valuation.as_ref().unwrap().pe_ratio, None);
    }
}
