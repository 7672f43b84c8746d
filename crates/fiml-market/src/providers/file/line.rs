//! One line of CSV at a time.

use csv_core::{ReadRecordResult, Reader};

/// The longest line, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// The most fields of a line.
const MAX_FIELDS: usize = 256;

/// Splits lines into fields, with nothing carried over from one line to the next.
///
/// A quote that is never closed would otherwise swallow the rest of the file.
pub(super) struct Splitter {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self {
            reader: Reader::new(),
            text: Vec::new(),
            ends: vec![0; MAX_FIELDS],
        }
    }

    /// The trimmed fields of one line, or why it has none.
    pub(super) fn split<'a>(
        &'a mut self,
        line: &[u8],
        fields: &mut Vec<&'a str>,
    ) -> Result<(), String> {
        if line.len() > MAX_LINE {
            return Err(format!("the line is longer than {MAX_LINE} bytes"));
        }
        if line.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
            return Err("a quotation mark is not closed".to_owned());
        }
        self.text.resize(line.len() + 1, 0);
        self.reader.reset();
        let (mut read, mut written, mut ended) = (0, 0, 0);
        loop {
            let (result, took, wrote, ends) = self.reader.read_record(
                &line[read..],
                &mut self.text[written..],
                &mut self.ends[ended..],
            );
            read += took;
            written += wrote;
            ended += ends;
            match result {
                // The next, empty, input tells the reader that the line is complete.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record | ReadRecordResult::End => break,
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err(format!("the line has more than {MAX_FIELDS} fields"));
                }
            }
        }
        let text = std::str::from_utf8(&self.text[..written])
            .map_err(|_| "the line is not UTF-8 text".to_owned())?;
        let mut start = 0;
        for end in &self.ends[..ended] {
            let field = text
                .get(start..*end)
                .ok_or_else(|| "the line is not UTF-8 text".to_owned())?;
            fields.push(field.trim());
            start = *end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &[u8]) -> Result<Vec<String>, String> {
        let mut splitter = Splitter::new();
        let mut fields = Vec::new();
        splitter.split(line, &mut fields)?;
        Ok(fields.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn quoted_fields_keep_their_commas_and_quotes() {
        assert_eq!(
            split(br#"AAPL,"Mar 1, 2010", 1.5 ,"a ""b""","#).unwrap(),
            ["AAPL", "Mar 1, 2010", "1.5", "a \"b\"", ""]
        );
    }

    #[test]
    fn what_is_not_a_line_of_csv_is_refused() {
        assert!(split(b"AAPL,\"Mar 1").unwrap_err().contains("not closed"));
        assert!(split(b"AAPL,\xff").unwrap_err().contains("UTF-8"));
        assert!(split(&[b','; 300]).unwrap_err().contains("256 fields"));
        assert!(
            split(&vec![b'x'; MAX_LINE + 1])
                .unwrap_err()
                .contains("longer")
        );
    }

    #[test]
    fn a_long_field_is_kept_whole() {
        assert_eq!(split(&vec![b'x'; MAX_LINE]).unwrap()[0].len(), MAX_LINE);
    }
}
