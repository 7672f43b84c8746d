//! Reads price files into a book.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::text::printable;
use crate::{DayFigures, Symbol};

use super::book::{Book, Row, Series};
use super::header::{self, Columns};
use super::left_out::{LeftOut, Part};
use super::line::Splitter;
use super::source::{FileStamp, MAX_BYTES, too_large, unreadable};
use super::table::{self, Line};
use super::{LoadReport, LoadedFile, PriceFileError, RejectedFile};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads the files found under `root`, in their order: of two prices for one day the later stays.
pub(super) fn load(root: &Path, files: &[FileStamp]) -> Result<Book, PriceFileError> {
    let mut loader = Loader::default();
    for file in files {
        loader.file(root, &file.path)?;
    }
    loader.finish(root)
}

#[derive(Default)]
struct Loader {
    series: HashMap<Symbol, Building>,
    texts: HashSet<Arc<str>>,
    report: LoadReport,
    left_out: LeftOut,
    bytes: u64,
}

/// A series while its rows still come in.
struct Building {
    listed_as: String,
    name: Option<(NaiveDate, Arc<str>)>,
    rows: BTreeMap<NaiveDate, Row>,
}

/// Why one file is of no use.
enum Refusal {
    Io(io::Error),
    TooLarge,
    Reason(String),
    /// The same, where it is known already which symbols it concerns.
    Assigned(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Loader {
    /// Reads one file; in a folder, one that is of no use is noted and the others stay usable.
    fn file(&mut self, root: &Path, path: &Path) -> Result<(), PriceFileError> {
        let file = printable(&path.file_name().unwrap_or_default().to_string_lossy());
        let alone = root == path;
        let reason = match self.read(path, &file) {
            Ok(loaded) => {
                self.report.files.push(loaded);
                return Ok(());
            }
            Err(Refusal::TooLarge) => return Err(too_large(root, self.bytes)),
            Err(Refusal::Io(error)) if alone => return Err(unreadable(path, error)),
            Err(Refusal::Reason(reason) | Refusal::Assigned(reason)) if alone => {
                return Err(PriceFileError::Unusable {
                    path: path.to_path_buf(),
                    reason,
                });
            }
            Err(Refusal::Assigned(reason)) => reason,
            Err(Refusal::Io(error)) => {
                self.unassigned(&file, format!("it cannot be read: {error}"))
            }
            Err(Refusal::Reason(reason)) => self.unassigned(&file, reason),
        };
        self.report.rejected.push(RejectedFile { file, reason });
        Ok(())
    }

    /// Notes a file of which nobody knows what it would have been about.
    fn unassigned(&mut self, file: &str, reason: String) -> String {
        let problem = || format!("{file}: {reason}");
        self.left_out.add(Part::File, None, problem);
        reason
    }

    fn read(&mut self, path: &Path, file: &str) -> Result<LoadedFile, Refusal> {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file_text = self.text(file);
        // One byte more than allowed, to notice a file that grew since it was measured.
        let mut input = BufReader::new(File::open(path)?.take(MAX_BYTES - self.bytes + 1));
        let mut splitter = Splitter::new();
        let mut columns: Option<Columns> = None;
        let mut line = Vec::new();
        let (mut number, mut rows) = (0, 0);
        let mut first_problem = None;
        loop {
            line.clear();
            let length = input.read_until(b'\n', &mut line)?;
            if length == 0 {
                break;
            }
            self.bytes += length as u64;
            if self.bytes > MAX_BYTES {
                return Err(Refusal::TooLarge);
            }
            number += 1;
            let mut text = line.trim_ascii_end();
            if number == 1 {
                text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
            }
            if text.is_empty() {
                continue;
            }
            let mut fields = Vec::with_capacity(columns.as_ref().map_or(8, |c| c.width));
            if columns.is_none()
                && let Some(reason) = header::other_format(text)
            {
                return Err(Refusal::Reason(reason));
            }
            let split = splitter.split(text, &mut fields);
            let Some(columns) = &columns else {
                split.map_err(|reason| Refusal::Reason(format!("its header: {reason}")))?;
                columns = Some(header::parse(&fields, &stem).map_err(Refusal::Reason)?);
                continue;
            };
            let report = &mut self.report;
            let read = split.and_then(|()| {
                table::read(columns, &fields, |problem| {
                    report.warn(file, number, problem);
                })
            });
            match read {
                Ok(line) => {
                    rows += 1;
                    self.keep(line, columns.adjusted, &file_text, number);
                }
                Err(reason) => {
                    self.report.skipped_lines += 1;
                    let symbol = columns.symbol_of(&fields);
                    self.left_out.add(Part::Line, symbol, || {
                        format!("{file} line {number}: {reason}")
                    });
                    first_problem.get_or_insert_with(|| format!("line {number}: {reason}"));
                    self.report
                        .warn(file, number, format!("{reason}; the line is left out"));
                }
            }
        }
        match columns {
            Some(columns) if rows > 0 => Ok(LoadedFile {
                file: file.to_owned(),
                rows,
                adjusted_closes: columns.adjusted,
            }),
            Some(columns) => Err(match first_problem {
                Some(problem) => {
                    Refusal::Assigned(format!("none of its lines could be used; {problem}"))
                }
                None => {
                    let reason = format!("it has no line after its header; {}", header::NEEDED);
                    self.left_out.add(Part::File, columns.symbol_of(&[]), || {
                        format!("{file}: {reason}")
                    });
                    Refusal::Assigned(reason)
                }
            }),
            None => Err(Refusal::Reason(format!("it is empty; {}", header::NEEDED))),
        }
    }

    fn keep(&mut self, line: Line<'_>, adjusted: bool, file: &Arc<str>, number: u64) {
        let currency = line.currency.map(|text| self.text(text));
        let name = line.name.map(|text| (line.date, self.text(text)));
        let series = self.series.entry(line.symbol).or_insert_with(|| Building {
            listed_as: line.listed_as,
            name: None,
            rows: BTreeMap::new(),
        });
        if let Some((date, _)) = &name
            && series
                .name
                .as_ref()
                .is_none_or(|(newest, _)| newest <= date)
        {
            series.name = name;
        }
        let row = Row {
            date: line.date,
            price: line.price,
            day: (line.day != DayFigures::default()).then(|| Box::new(line.day)),
            currency,
            adjusted,
            file: Arc::clone(file),
        };
        if series.rows.insert(line.date, row).is_some() {
            let reason = format!(
                "{} has a price for {} already; this later one replaces it",
                series.listed_as, line.date
            );
            self.report.warn(file, number, reason);
        }
    }

    /// One shared copy of a text that stands in many rows.
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&shared));
        shared
    }

    fn finish(mut self, root: &Path) -> Result<Book, PriceFileError> {
        if self.report.files.is_empty() {
            let first = self
                .report
                .rejected
                .first()
                .map(|rejected| format!("; {}: {}", rejected.file, rejected.reason))
                .unwrap_or_default();
            return Err(PriceFileError::Unusable {
                path: root.to_path_buf(),
                reason: format!("none of its files could be used{first}"),
            });
        }
        let series: BTreeMap<Symbol, Series> = self
            .series
            .into_iter()
            .map(|(symbol, building)| {
                let series = Series {
                    listed_as: building.listed_as,
                    name: building.name.map(|(_, name)| name),
                    rows: building.rows.into_values().collect(),
                };
                (symbol, series)
            })
            .collect();
        self.report.symbols = series.len();
        self.report.rows = series.values().map(|series| series.rows.len()).sum();
        Ok(Book {
            series,
            report: Arc::new(self.report),
            left_out: self.left_out,
        })
    }
}
