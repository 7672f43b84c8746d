//! A small collector: it takes spans over HTTP and reads what the tests look at.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A span as it was received; ids as lower-case hex, the parent's empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) name: String,
    pub(crate) kind: u64,
}

/// Listens on a port of its own until the test ends.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) url: String,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spans = Arc::<Mutex<Vec<Span>>>::default();
        let taken = Arc::clone(&spans);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let taken = Arc::clone(&taken);
                thread::spawn(move || take(stream.unwrap(), &taken));
            }
        });
        Self { url, spans }
    }

    /// Everything that came so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }
}

/// Every request of a connection.
fn take(stream: TcpStream, spans: &Mutex<Vec<Span>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        assert!(line.starts_with("POST /v1/traces "), "{line}");
        let mut length = 0;
        while line.trim_end() != "" {
            line.clear();
            stream.read_line(&mut line).unwrap();
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        spans.lock().unwrap().extend(read(&body));
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        stream.get_mut().write_all(answer.as_bytes()).unwrap();
    }
}

/// The spans of an `ExportTraceServiceRequest`: `resource_spans` 1, in it `scope_spans` 2, in it `spans` 2.
fn read(message: &[u8]) -> Vec<Span> {
    let scopes = within(vec![message], 1).into_iter();
    let scopes = scopes.flat_map(|resource| within(vec![resource], 2));
    let spans = within(scopes.collect(), 2).into_iter();
    let spans = spans.map(|span| {
        let bytes = |wanted| {
            within(vec![span], wanted)
                .into_iter()
                .next()
                .unwrap_or_default()
        };
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let kind = fields(span).into_iter().find(|field| field.number == 6);
        Span {
            trace: hex(bytes(1)),
            id: hex(bytes(2)),
            parent: hex(bytes(4)),
            name: String::from_utf8(bytes(5).to_vec()).unwrap(),
            kind: kind.map_or(0, |kind| kind.value),
        }
    });
    spans.collect()
}

/// The contents of a length-delimited field in messages, each time it is there.
fn within(messages: Vec<&[u8]>, number: u64) -> Vec<&[u8]> {
    let fields = messages.into_iter().flat_map(fields);
    let wanted = fields.filter(|field| field.number == number);
    wanted.filter_map(|field| field.bytes).collect()
}

/// A field of a protobuf message: a number, or bytes.
struct Field<'a> {
    number: u64,
    value: u64,
    bytes: Option<&'a [u8]>,
}

fn fields(mut message: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let (number, wire) = (tag >> 3, tag & 7);
        let (mut value, mut bytes) = (0, None);
        match wire {
            0 => value = varint(&mut message),
            1 => message = &message[8..],
            2 => {
                let length = usize::try_from(varint(&mut message)).unwrap();
                let (taken, rest) = message.split_at(length);
                (bytes, message) = (Some(taken), rest);
            }
            5 => message = &message[4..],
            _ => panic!("there is no wire type {wire}"),
        }
        fields.push(Field {
            number,
            value,
            bytes,
        });
    }
    fields
}

fn varint(message: &mut &[u8]) -> u64 {
    let mut value = 0;
    for (place, byte) in message.iter().enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            *message = &message[place + 1..];
            return value;
        }
    }
    panic!("a number has no end")
}
