//! Rows as one JSON array, an object a line.

use std::io::{BufWriter, Write};

use anyhow::Result;
use fiml_analytics::ExportedSession;

use super::Rows;

/// An array, so that any JSON parser takes the whole, and a file that was cut off is no JSON at all.
pub(super) struct JsonRows<W: Write> {
    to: BufWriter<W>,
    is_empty: bool,
}

impl<W: Write> JsonRows<W> {
    pub(super) fn new(to: W) -> Self {
        Self {
            to: BufWriter::new(to),
            is_empty: true,
        }
    }
}

impl<W: Write> Rows for JsonRows<W> {
    fn write(&mut self, rows: &[ExportedSession]) -> Result<()> {
        for row in rows {
            let before = if self.is_empty { "[\n" } else { ",\n" };
            self.is_empty = false;
            self.to.write_all(before.as_bytes())?;
            let line = serde_json::to_vec(row)?;
            self.to.write_all(&line)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let end: &[u8] = if self.is_empty { b"[]\n" } else { b"\n]\n" };
        self.to.write_all(end)?;
        Ok(self.to.flush()?)
    }
}
