//! A server that plays Coinbase: bitcoin at one price, as of now.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use fiml_session_core::{Clock as _, SystemClock};

/// Its address; it ends with the benchmark.
pub(crate) fn open() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap());
        }
    });
    url
}

fn answer(mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let body = if head.contains("/ticker") {
        let now = SystemClock.now();
        format!(
            r#"{{"price":"105000.00","time":"{now}","bid":"104999.99","ask":"105000.01","volume":"5360.2"}}"#
        )
    } else {
        r#"{"open":"100000.00","high":"106441.37","low":"99261.69","volume":"5368.7"}"#.to_owned()
    };
    let kind = "content-type: application/json\r\nconnection: close";
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 Played\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
}
