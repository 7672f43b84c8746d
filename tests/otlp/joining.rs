//! A call is part of its client's trace, and the stores' work is part of the call.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

use fiml_tests::{
    in_every_place,
    place::Place,
    support::{Client, send_signal},
};
use serde_json::{Value, json};

use crate::collector::{Collector, Span};

in_every_place!(
    over_stdio_a_call_is_in_the_trace_of_its_client_with_the_stores_beneath_it,
    over_http_it_is_too,
    without_a_trace_of_the_client_a_call_begins_one,
);

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
/// The kind of a span that serves.
const SERVER: u64 = 2;

fn traced(collector: &Collector, mut command: Command) -> Command {
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url);
    command
}

fn create(traceparent: Option<&str>) -> Value {
    let arguments = json!({"assets": ["AAPL"], "sessionType": "equity"});
    let mut params = json!({"name": "create-analysis-session", "arguments": arguments});
    if let Some(traceparent) = traceparent {
        params["_meta"] = json!({"traceparent": traceparent, "tracestate": "vendor=1"});
    }
    params
}

/// The only span of the call, and one of a store that lies right beneath it.
fn call_and_store(collector: &Collector) -> (Span, Span) {
    let spans = collector.spans();
    let calls = spans
        .iter()
        .filter(|span| span.name.starts_with("tools/call"));
    let calls: Vec<_> = calls.collect();
    assert_eq!(calls.len(), 1, "{spans:#?}");
    let beneath = spans
        .iter()
        .find(|span| span.parent == calls[0].id && span.name == "insert");
    let beneath = beneath.unwrap_or_else(|| panic!("no store beneath it: {spans:#?}"));
    (calls[0].clone(), beneath.clone())
}

fn assert_joined(collector: &Collector) {
    let (call, store) = call_and_store(collector);
    assert_eq!(call.name, "tools/call create-analysis-session");
    assert_eq!((call.trace.as_str(), call.parent.as_str()), (TRACE, PARENT));
    assert_eq!((store.trace.as_str(), call.kind), (TRACE, SERVER));
}

fn over_stdio_a_call_is_in_the_trace_of_its_client_with_the_stores_beneath_it(place: &Place) {
    let collector = Collector::start();
    let mut client = Client::start(traced(&collector, place.fiml()), &[]);
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let answer = client
        .request("tools/call", &create(Some(&traceparent)))
        .unwrap();
    assert_eq!(
        answer["result"]["structuredContent"]["status"], "success",
        "{answer}"
    );
    // What was not sent by then is sent at the end.
    client.close();
    assert_joined(&collector);
}

fn over_http_it_is_too(place: &Place) {
    let collector = Collector::start();
    let mut command = traced(&collector, place.fiml());
    command.args(["serve", "--http", "127.0.0.1:0"]);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    let mut server = command.spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let address = log.find_map(|line| {
        let line = line.unwrap();
        let (_, rest) = line.split_once("http://")?;
        rest.strip_suffix("/mcp").map(ToOwned::to_owned)
    });
    let params = create(Some(&format!("00-{TRACE}-{PARENT}-01")));
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let call = call.to_string();
    let mut stream = TcpStream::connect(address.unwrap()).unwrap();
    write!(
        stream,
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, \
         text/event-stream\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{call}",
        call.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("success"), "{answer}");
    send_signal(server.id(), "-TERM");
    assert!(server.wait().unwrap().success());
    assert_joined(&collector);
}

fn without_a_trace_of_the_client_a_call_begins_one(place: &Place) {
    for traceparent in [None, Some("00-not-a-trace-01")] {
        let collector = Collector::start();
        let mut client = Client::start(traced(&collector, place.fiml()), &[]);
        client.request("tools/call", &create(traceparent)).unwrap();
        client.close();
        let (call, store) = call_and_store(&collector);
        assert_eq!(call.parent, "", "{traceparent:?}");
        assert_eq!(store.trace, call.trace);
    }
}

#[test]
fn an_endpoint_that_is_none_is_refused_by_name() {
    let place = Place::embedded();
    for endpoint in ["localhost:4318", "https://ann:s3cret@localhost:4318"] {
        let mut command = place.fiml();
        command.args(["sessions", "list"]);
        let refused = command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(
            said.contains("OTEL_EXPORTER_OTLP_ENDPOINT") && !said.contains("s3cret"),
            "{said}"
        );
    }
}
