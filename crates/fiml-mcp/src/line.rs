//! Lines from a peer that is not trusted to end them.

use std::{io, mem};

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// The longest line that is read, in bytes.
pub(crate) const MAX_LINE_BYTES: usize = 4 << 20;

/// What reading gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line without its end.
    Whole(Vec<u8>),
    /// A line that went past the limit; it is skipped up to its end.
    TooLong,
    /// There are no more.
    End,
}

/// Reads lines up to a limit, however long the peer makes them.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    source: R,
    max: usize,
    part: Vec<u8>,
    /// In the rest of a line that was too long.
    skipping: bool,
}

impl<R: AsyncBufRead + Unpin> LineReader<R> {
    pub(crate) const fn new(source: R, max: usize) -> Self {
        Self {
            source,
            max,
            part: Vec::new(),
            skipping: false,
        }
    }

    /// The next line; a last one without an end counts.
    ///
    /// May be dropped while it waits: what was read is kept here, and nothing is lost in between.
    pub(crate) async fn next(&mut self) -> io::Result<Line> {
        loop {
            let read = self.source.fill_buf().await?;
            if read.is_empty() {
                let part = mem::take(&mut self.part);
                let rest = !part.is_empty() && !mem::take(&mut self.skipping);
                return Ok(if rest { Line::Whole(part) } else { Line::End });
            }
            let end = read.iter().position(|&byte| byte == b'\n');
            let piece = &read[..end.unwrap_or(read.len())];
            let fits = self.part.len() + piece.len() <= self.max;
            if fits && !self.skipping {
                self.part.extend_from_slice(piece);
            }
            let consumed = piece.len() + usize::from(end.is_some());
            self.source.consume(consumed);
            if self.skipping {
                self.skipping = end.is_none();
            } else if !fits {
                self.part = Vec::new();
                self.skipping = end.is_none();
                return Ok(Line::TooLong);
            } else if end.is_some() {
                return Ok(Line::Whole(mem::take(&mut self.part)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(text: &[u8], max: usize) -> Vec<Line> {
        let mut reader = LineReader::new(text, max);
        let mut lines = Vec::new();
        while lines.last() != Some(&Line::End) {
            lines.push(reader.next().await.unwrap());
        }
        lines
    }

    #[tokio::test]
    async fn a_line_past_the_limit_is_skipped_and_the_next_one_read() {
        assert_eq!(
            lines(b"abc\nabcdefgh\nxy\n", 4).await,
            [
                Line::Whole(b"abc".into()),
                Line::TooLong,
                Line::Whole(b"xy".into()),
                Line::End
            ]
        );
    }

    #[tokio::test]
    async fn a_last_line_without_an_end_counts() {
        assert_eq!(
            lines(b"\nabcd", 4).await,
            [
                Line::Whole(Vec::new()),
                Line::Whole(b"abcd".into()),
                Line::End
            ]
        );
        assert_eq!(lines(b"abcde", 4).await, [Line::TooLong, Line::End]);
    }
}
