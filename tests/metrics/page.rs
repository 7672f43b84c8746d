//! A process that serves `/metrics`, and what the page says.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use fiml_tests::{place::Place, support::Client};

/// After how long a test gives up on what has to come about.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a process that logs to this file serves its page.
#[derive(Debug)]
pub(crate) struct Page {
    log: PathBuf,
}

impl Page {
    /// Of a server on stdin and stdout.
    pub(crate) fn of_client(
        command: Command,
        place: &Place,
        settings: &[(&str, &str)],
    ) -> (Self, Client) {
        let (page, command) = Self::of(command, place);
        (page, Client::start(command, settings))
    }

    /// Of a command that is still to be started.
    pub(crate) fn of(mut command: Command, place: &Place) -> (Self, Command) {
        let log = place.folder().join("log");
        command.env("FIML_METRICS", "127.0.0.1:0");
        command.stderr(File::create(&log).unwrap());
        (Self { log }, command)
    }

    /// Where it is, once that is known.
    pub(crate) fn address(&self) -> String {
        let began = Instant::now();
        loop {
            let said = std::fs::read_to_string(&self.log).unwrap();
            let address = said.lines().find_map(|line| {
                let (_, rest) = line.split_once("http://")?;
                rest.strip_suffix("/metrics")
            });
            if let Some(address) = address {
                return address.to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "no page:\n{said}");
            sleep(Duration::from_millis(20));
        }
    }

    /// The whole answer to a GET with these headers.
    pub(crate) fn ask(&self, path: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// What it says now.
    pub(crate) fn read(&self) -> Samples {
        let answer = self.ask("/metrics", "Host: localhost\r\n");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("text/plain; version=0.0.4"), "{head}");
        Samples::of(body)
    }

    /// What it says as soon as it is so.
    pub(crate) fn read_until(&self, is_so: impl Fn(&Samples) -> bool) -> Samples {
        let began = Instant::now();
        loop {
            let samples = self.read();
            if is_so(&samples) {
                return samples;
            }
            assert!(began.elapsed() < PATIENCE, "never: {samples:#?}");
            sleep(Duration::from_millis(200));
        }
    }
}

/// One line of a page.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: f64,
}

/// Every line that is no comment.
#[derive(Debug, Clone)]
pub(crate) struct Samples(pub(crate) Vec<Sample>);

impl Samples {
    /// Those of a text in the format of Prometheus; nothing here has quotes in its labels.
    pub(crate) fn of(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.map(sample).collect())
    }

    /// The sum of the samples of this name that have all these labels; none where there is no such sample.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |sample: &Sample, (label, value): &(&str, &str)| {
            let held = sample.labels.iter();
            held.clone().any(|(l, v)| l == label && v == value)
        };
        let found = self
            .0
            .iter()
            .filter(|sample| sample.name == name && labels.iter().all(|label| has(sample, label)));
        let values: Vec<_> = found.map(|sample| sample.value).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?}"));
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels
        .trim_end_matches('}')
        .split(',')
        .filter(|l| !l.is_empty());
    let labels = labels.map(|label| {
        let (name, value) = label.split_once('=').unwrap();
        (name.to_owned(), value.trim_matches('"').to_owned())
    });
    Sample {
        name: name.to_owned(),
        labels: labels.collect(),
        value: value.parse().unwrap_or_else(|_| panic!("{line:?}")),
    }
}
