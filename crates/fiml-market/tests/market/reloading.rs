//! A running server sees new prices.

use std::fs;
use std::sync::Arc;

use fiml_market::{FilePrices, Market, MarketConfig, MarketError, MarketProvider as _};

use crate::fixture::{Files, equity, later, turn};

const BEFORE: &str = "symbol,date,price\nAAPL,2010-02-01,204.62\n";
const AFTER: &str = "symbol,date,price\nAAPL,2010-02-01,204.62\nAAPL,2010-03-01,223.02\n";

#[tokio::test]
async fn a_changed_file_is_read_again_and_an_unchanged_one_is_not() {
    let (files, path) = Files::with("prices.csv", BEFORE);
    let prices = FilePrices::open(&path).await.unwrap();
    let first = prices.generation().await;
    assert_eq!(prices.generation().await, first);
    files.write("prices.csv", AFTER);
    assert_ne!(prices.generation().await, first);
    let quote = prices.quote(&equity("AAPL"), &turn()).await.unwrap();
    assert_eq!(quote.price.to_string(), "223.02");
}

#[tokio::test]
async fn an_answer_from_memory_does_not_outlive_a_changed_file() {
    let (files, path) = Files::with("prices.csv", BEFORE);
    let prices = FilePrices::open(&path).await.unwrap();
    let market = Market::new(vec![Arc::new(prices)], MarketConfig::default());
    market.quote(&equity("AAPL"), later()).await.unwrap();
    assert!(
        market
            .quote(&equity("AAPL"), later())
            .await
            .unwrap()
            .is_hit()
    );
    files.write("prices.csv", AFTER);
    let answer = market.quote(&equity("AAPL"), later()).await.unwrap();
    assert!(!answer.is_hit());
    assert_eq!(answer.quote.price.to_string(), "223.02");
}

#[tokio::test]
async fn a_file_added_to_the_folder_is_seen() {
    let files = Files::new();
    files.write("AAPL.csv", "date,close\n2010-03-01,1\n");
    let prices = FilePrices::open(files.path()).await.unwrap();
    files.write("IBM.csv", "date,close\n2010-03-01,2\n");
    assert_eq!(prices.symbols().await, ["AAPL", "IBM"]);
}

#[tokio::test]
async fn a_file_that_is_gone_or_broken_is_an_error_until_it_is_mended() {
    let (files, path) = Files::with("prices.csv", BEFORE);
    let prices = FilePrices::open(&path).await.unwrap();
    let market = Market::new(vec![Arc::new(prices)], MarketConfig::default());
    market.quote(&equity("AAPL"), later()).await.unwrap();

    fs::remove_file(&path).unwrap();
    let error = market.quote(&equity("AAPL"), later()).await.unwrap_err();
    assert_eq!(error.kind(), "provider_unavailable");
    assert!(error.to_string().contains("prices.csv"), "{error}");

    files.write("prices.csv", "something,else\n");
    let error = market.quote(&equity("AAPL"), later()).await.unwrap_err();
    let MarketError::ProviderUnavailable { attempts } = error else {
        panic!("{error}");
    };
    assert_eq!(attempts[0].outcome, "provider_unavailable");
    assert!(
        attempts[0]
            .reason
            .as_ref()
            .unwrap()
            .contains("it needs the columns")
    );

    files.write("prices.csv", AFTER);
    let answer = market.quote(&equity("AAPL"), later()).await.unwrap();
    assert_eq!(answer.quote.price.to_string(), "223.02");
}

#[tokio::test]
async fn many_callers_at_once_read_a_changed_file_once() {
    let (files, path) = Files::with("prices.csv", BEFORE);
    let prices = Arc::new(FilePrices::open(&path).await.unwrap());
    let before = prices.generation().await;
    files.write("prices.csv", AFTER);
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let prices = Arc::clone(&prices);
            tokio::spawn(async move { prices.quote(&equity("AAPL"), &turn()).await })
        })
        .collect();
    for caller in callers {
        let quote = caller.await.unwrap().unwrap();
        assert_eq!(quote.price.to_string(), "223.02");
    }
    assert_eq!(prices.generation().await, before + 1);
}

#[tokio::test]
async fn another_file_of_the_same_size_and_time_put_in_its_place_is_seen() {
    let (files, path) = Files::with("prices.csv", BEFORE);
    let prices = FilePrices::open(&path).await.unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let other = files.write("other", BEFORE.replace("204.62", "999.99"));
    let file = fs::OpenOptions::new().write(true).open(&other).unwrap();
    file.set_modified(modified).unwrap();
    fs::rename(&other, &path).unwrap();
    let quote = prices.quote(&equity("AAPL"), &turn()).await.unwrap();
    assert_eq!(
        quote.price.to_string(),
        if cfg!(unix) { "999.99" } else { "204.62" }
    );
}
