//! A server on loopback that plays a provider, and counts who asks.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fiml_market::{
    Coinbase, HttpClient, Kraken, Market, MarketConfig, MarketProvider, QuoteRequest, Yahoo,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is sent for a question, byte for byte.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// How long after each byte of the body the next one follows.
    pace: Option<Duration>,
    /// After how many bytes of the body the connection is closed.
    cut: Option<usize>,
    delay: Duration,
}

impl Reply {
    pub(crate) fn of(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.into(),
            pace: None,
            cut: None,
            delay: Duration::ZERO,
        }
    }

    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::of(200, "application/json; charset=utf-8", body)
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::of(status, "text/html", "<html>no</html>")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn paced(mut self, pace: Duration) -> Self {
        self.pace = Some(pace);
        self
    }

    pub(crate) fn cut_after(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    async fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        tokio::time::sleep(self.delay).await;
        let mut head = format!(
            "HTTP/1.1 {} As Played\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await?;
        let body = &self.body[..self.cut.unwrap_or(self.body.len())];
        match self.pace {
            None => stream.write_all(body).await?,
            Some(pace) => {
                for byte in body {
                    stream.write_all(&[*byte]).await?;
                    tokio::time::sleep(pace).await;
                }
            }
        }
        stream.shutdown().await
    }
}

type Script = Box<dyn Fn(&str) -> Reply + Send>;

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Stage {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    /// Plays a provider that answers what the script says for the path and query asked for.
    pub(crate) async fn play(script: impl Fn(&str) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stage = Self {
            address: listener.local_addr().unwrap(),
            script: Arc::new(Mutex::new(Box::new(script))),
            heads: Arc::default(),
        };
        let playing = stage.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let playing = playing.clone();
                tokio::spawn(async move { playing.answer(stream).await });
            }
        });
        stage
    }

    /// Plays a provider that answers everything alike.
    pub(crate) async fn always(reply: Reply) -> Self {
        Self::play(move |_| reply.clone()).await
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.split(' ').nth(1).unwrap().to_owned();
        self.heads.lock().unwrap().push(head);
        let reply = (self.script.lock().unwrap())(&target);
        // Who asked may have gone away, which is the point of some tests.
        let _ = reply.send(&mut stream).await;
    }

    pub(crate) fn change(&self, script: impl Fn(&str) -> Reply + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of all requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// What was asked for so far: path and query.
    pub(crate) fn asked(&self) -> Vec<String> {
        let target = |head: &String| head.split(' ').nth(1).unwrap().to_owned();
        self.heads.lock().unwrap().iter().map(target).collect()
    }

    pub(crate) fn calls(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

/// An address on loopback where nobody listens.
pub(crate) async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

pub(crate) fn client() -> HttpClient {
    HttpClient::new().unwrap()
}

pub(crate) fn coinbase(url: &str) -> Arc<dyn MarketProvider> {
    Arc::new(Coinbase::new(&client(), url).unwrap())
}

pub(crate) fn kraken(url: &str) -> Arc<dyn MarketProvider> {
    Arc::new(Kraken::new(&client(), url).unwrap())
}

pub(crate) fn yahoo(url: &str) -> Arc<dyn MarketProvider> {
    Arc::new(Yahoo::new(&client(), url).unwrap())
}

pub(crate) fn market(providers: Vec<Arc<dyn MarketProvider>>) -> Market {
    Market::new(providers, MarketConfig::default())
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// When the played answers are asked for: seconds after their price was made.
pub(crate) fn now() -> DateTime<Utc> {
    instant("2026-06-12T19:00:05Z")
}

pub(crate) fn equity(symbol: &str) -> QuoteRequest {
    QuoteRequest::equity(symbol.parse().unwrap())
}

pub(crate) fn coin(symbol: &str, pair: Option<&str>) -> QuoteRequest {
    QuoteRequest::coin(
        symbol.parse().unwrap(),
        pair.map(|pair| pair.parse().unwrap()),
    )
}
