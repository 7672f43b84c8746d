//! Folders of price files.

use fiml_market::{FilePrices, MarketProvider as _, NoteKind, PriceFileError};

use crate::fixture::{Files, equity, notes, turn, warnings};

#[tokio::test]
async fn a_folder_holds_tables_and_files_named_after_their_symbols() {
    let files = Files::new();
    files.write("stocks.csv", "symbol,date,price\nAAPL,Mar 1 2010,223.02\n");
    files.write(
        "^gspc.CSV",
        "Date,Open,High,Low,Close,Volume\n2010-03-01,1105.36,1116.11,1105.36,1115.71,3847640000\n",
    );
    files.write("BRK.B.csv", "date,close\n2010-03-01,80.13\n");
    files.write("notes.txt", "not a price file");
    files.write(".hidden.csv", "nor is this");
    std::fs::create_dir(files.path().join("older")).unwrap();
    std::fs::write(
        files.path().join("older/IBM.csv"),
        "date,close\n2010-03-01,1\n",
    )
    .unwrap();

    let prices = FilePrices::open(files.path()).await.unwrap();
    assert_eq!(prices.symbols().await, ["AAPL", "BRK.B", "^GSPC"]);
    assert!(prices.report().await.unwrap().is_clean());
    let index = prices.quote(&equity("^GSPC"), &turn()).await.unwrap();
    assert_eq!(index.price.to_string(), "1115.71");
    assert_eq!(index.day.open.unwrap().to_string(), "1105.36");
    assert_eq!(index.source, "file:^gspc.CSV");
    let apple = prices.quote(&equity("AAPL"), &turn()).await.unwrap();
    assert_eq!(apple.source, "file:stocks.csv");
}

#[tokio::test]
async fn a_file_of_no_use_is_reported_and_the_others_stay_usable() {
    let files = Files::new();
    files.write("a.csv", "nothing,of,use\n1,2,3\n");
    files.write("AAPL.csv", "date,close\n2010-03-01,1\n2010-03-02,x\n");
    let prices = FilePrices::open(files.path()).await.unwrap();
    let report = prices.report().await.unwrap();
    assert_eq!(report.rejected[0].file, "a.csv");
    assert!(report.rejected[0].reason.contains("it needs the columns"));
    assert!(warnings(&report)[0].starts_with("AAPL.csv line 3: the close `x` is not"));
    assert!(!report.is_clean());
    assert_eq!(prices.symbols().await, ["AAPL"]);
}

#[tokio::test]
async fn a_folder_without_a_usable_file_is_an_error() {
    let files = Files::new();
    let error = FilePrices::open(files.path()).await.unwrap_err();
    assert!(matches!(error, PriceFileError::NoFiles { .. }));
    files.write("bad.csv", "a,b\n");
    let error = FilePrices::open(files.path()).await.unwrap_err();
    assert!(
        error.to_string().contains("bad.csv: it has no date column"),
        "{error}"
    );
}

#[tokio::test]
async fn of_two_files_with_one_day_the_later_by_name_stays() {
    let files = Files::new();
    files.write("1.csv", "symbol,date,price\nAAPL,2010-03-01,1\n");
    files.write(
        "2.csv",
        "symbol,date,price\nAAPL,2010-03-01,2\nAAPL,2010-02-01,3\n",
    );
    let prices = FilePrices::open(files.path()).await.unwrap();
    let quote = prices.quote(&equity("AAPL"), &turn()).await.unwrap();
    assert_eq!(quote.price.to_string(), "2");
    let report = prices.report().await.unwrap();
    assert_eq!(
        (report.warnings[0].file.as_str(), report.warnings[0].line),
        ("2.csv", 2)
    );
}

#[tokio::test]
async fn adjusted_closes_are_taken_where_there_are_no_others_and_called_so() {
    let files = Files::new();
    files.write(
        "IBM.csv",
        "Date,High,Low,Adj Close\n2010-03-01,130,128,100.5\n",
    );
    files.write("AAPL.csv", "Date,Adj Close,Close\n2010-03-01,6.3,223.02\n");
    let prices = FilePrices::open(files.path()).await.unwrap();
    let adjusted = prices.quote(&equity("IBM"), &turn()).await.unwrap();
    assert_eq!(adjusted.price.to_string(), "100.5");
    assert_eq!(notes(&adjusted), [NoteKind::AdjustedCloses]);
    let paid = prices.quote(&equity("AAPL"), &turn()).await.unwrap();
    assert_eq!(paid.price.to_string(), "223.02");
    assert!(paid.notes.is_empty());
    assert!(prices.report().await.unwrap().is_clean());
}
