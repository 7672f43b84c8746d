//! Answers in the shapes that the providers document.

use crate::stage::Reply;

/// A ticker of Coinbase, of five seconds before the tests' now.
pub(crate) fn ticker(price: &str) -> String {
    format!(
        r#"{{"trade_id":86326522,"price":"{price}","size":"0.00698254","time":"2026-06-12T19:00:00.833Z","bid":"104999.99","ask":"105000.01","volume":"5360.20394015"}}"#
    )
}

/// The 24 hours of Coinbase that end there.
pub(crate) fn stats(open: &str) -> String {
    format!(
        r#"{{"open":"{open}","high":"106441.37","low":"99261.69","last":"105000.00","volume":"5368.7","volume_30day":"186763.7"}}"#
    )
}

/// Daily candles of Coinbase, newest first, today's among them.
pub(crate) fn candles(days: i64) -> String {
    let today = 1_781_222_400; // 2026-06-12
    let candle = |day: i64| {
        let close = 100_000 + 10 * (days - day);
        format!(
            "[{},99000,107000,100000,{close}.5,12.25]",
            today - day * 86_400
        )
    };
    let candles: Vec<String> = (0..days).map(candle).collect();
    format!("[{}]", candles.join(","))
}

/// Coinbase as it is on a good day: BTC-USD at 105,000.00.
pub(crate) fn coinbase(target: &str) -> Reply {
    match target.split('?').next().unwrap() {
        "/products/BTC-USD/ticker" => Reply::json(ticker("105000.00")),
        "/products/BTC-USD/stats" => Reply::json(stats("100000.00")),
        "/products/BTC-USD/candles" => Reply::json(candles(300)),
        _ => Reply::of(404, "application/json", r#"{"message":"NotFound"}"#),
    }
}

/// A ticker of Kraken under a name.
pub(crate) fn kraken_ticker(name: &str, price: &str) -> String {
    format!(
        r#"{{"error":[],"result":{{"{name}":{{"a":["105000.20000","1","1.000"],"b":["105000.10000","1","1.000"],"c":["{price}","0.00067643"],"v":["1083.67001100","4412.73601799"],"p":["104689.4","104801.2"],"t":[23329,80463],"l":["99868.30000","99868.30000"],"h":["106631.00000","106631.00000"],"o":"102941.17640"}}}}}}"#
    )
}

/// Kraken as it is on a good day.
pub(crate) fn kraken(target: &str) -> Reply {
    if target == "/0/public/Ticker?pair=XBTUSD" {
        return Reply::json(kraken_ticker("XXBTZUSD", "105000.10000"));
    }
    Reply::json(r#"{"error":["EQuery:Unknown asset pair"]}"#)
}

/// A chart of Yahoo: what its meta says, and five days of closes.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) symbol: &'static str,
    pub(crate) currency: &'static str,
    /// The exchange's code, and its name.
    pub(crate) exchange: (&'static str, &'static str),
    pub(crate) price: &'static str,
    pub(crate) time: i64,
}

impl Default for Chart {
    fn default() -> Self {
        Self {
            symbol: "AAPL",
            currency: "USD",
            exchange: ("NMS", "NasdaqGS"),
            price: "291.13",
            time: 1_781_290_800, // 2026-06-12T19:00:00Z, while New York trades
        }
    }
}

impl Chart {
    pub(crate) fn reply(&self) -> Reply {
        let Self {
            symbol,
            currency,
            exchange: (code, exchange),
            price,
            time,
        } = self;
        Reply::json(format!(
            r#"{{"chart":{{"result":[{{"meta":{{"currency":"{currency}","symbol":"{symbol}","exchangeName":"{code}","fullExchangeName":"{exchange}","instrumentType":"EQUITY","firstTradeDate":345479400,"regularMarketTime":{time},"hasPrePostMarketData":true,"gmtoffset":-14400,"timezone":"EDT","exchangeTimezoneName":"America/New_York","regularMarketPrice":{price},"fiftyTwoWeekHigh":310.5,"fiftyTwoWeekLow":180.25,"regularMarketDayHigh":296.3,"regularMarketDayLow":289.01,"regularMarketVolume":43210987,"longName":"Apple Inc.","shortName":"Apple","chartPreviousClose":301.0,"priceHint":2,"currentTradingPeriod":{{"pre":{{"timezone":"EDT","start":1781251200,"end":1781271000,"gmtoffset":-14400}},"regular":{{"timezone":"EDT","start":1781271000,"end":1781294400,"gmtoffset":-14400}},"post":{{"timezone":"EDT","start":1781294400,"end":1781308800,"gmtoffset":-14400}}}},"dataGranularity":"1d","range":"5d","validRanges":["1d","5d","1mo","1y"]}},"timestamp":[1780925400,1781011800,1781098200,1781184600,1781271000],"indicators":{{"quote":[{{"open":[300.5,299.0,297.0,296.0,295.5],"close":[300.1,299.2,null,295.62,{price}],"high":[302,300,298,297,296.3],"low":[299,298,296,294,289.01],"volume":[1,2,3,4,5]}}],"adjclose":[{{"adjclose":[300.1,299.2,null,295.62,{price}]}}]}}}}],"error":null}}}}"#
        ))
    }
}

/// Yahoo with a chart of whatever it is asked for.
pub(crate) fn charts(target: &str) -> Reply {
    let path = target.split('?').next().unwrap();
    let symbol = path.rsplit('/').next().unwrap().to_owned();
    Chart {
        symbol: symbol.leak(),
        ..Chart::default()
    }
    .reply()
}
