//! Lines read ahead of their turn, so that the end of a source is seen behind requests that have to wait.

use std::collections::VecDeque;

use tokio::io::AsyncBufRead;

use crate::line::{Line, LineReader};

/// What keeping a line costs besides its bytes.
const LINE_COST: usize = 64;

/// Reads lines in order, and on demand some of them before they are asked for.
#[derive(Debug)]
pub(crate) struct Ahead<R> {
    lines: LineReader<R>,
    read: VecDeque<Line>,
    held: usize,
    max: usize,
    ended: bool,
}

impl<R: AsyncBufRead + Unpin> Ahead<R> {
    /// One that holds `max` bytes, and the line that goes past them.
    pub(crate) const fn new(lines: LineReader<R>, max: usize) -> Self {
        Self {
            lines,
            read: VecDeque::new(),
            held: 0,
            max,
            ended: false,
        }
    }

    /// The next line. May be dropped while it waits: nothing is lost.
    pub(crate) async fn next(&mut self) -> Line {
        match self.read.pop_front() {
            Some(line) => {
                self.held -= cost(&line);
                line
            }
            None => self.read_on().await,
        }
    }

    /// Reads on, as far as there is room; resolves at the end of the source. May be dropped too.
    pub(crate) async fn until_the_end(&mut self) {
        while !self.ended {
            if self.held >= self.max {
                std::future::pending::<()>().await;
            }
            let line = self.read_on().await;
            self.held += cost(&line);
            self.read.push_back(line);
        }
    }

    async fn read_on(&mut self) -> Line {
        if self.ended {
            return Line::End;
        }
        let line = self.lines.next().await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the client cannot be read any more");
            Line::End
        });
        self.ended = line == Line::End;
        line
    }
}

const fn cost(line: &Line) -> usize {
    LINE_COST
        + match line {
            Line::Whole(line) => line.len(),
            Line::TooLong | Line::End => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_that_were_read_ahead_come_in_order_and_the_end_behind_them() {
        let mut ahead = Ahead::new(LineReader::new(&b"a\nb\nc"[..], 10), 1_000);
        assert_eq!(ahead.next().await, Line::Whole(b"a".into()));
        ahead.until_the_end().await;
        assert_eq!(ahead.next().await, Line::Whole(b"b".into()));
        assert_eq!(ahead.next().await, Line::Whole(b"c".into()));
        assert_eq!(ahead.next().await, Line::End);
        assert_eq!((ahead.next().await, ahead.held), (Line::End, 0));
    }

    #[tokio::test]
    async fn no_more_is_read_ahead_than_there_is_room_for() {
        let mut ahead = Ahead::new(LineReader::new(&[b'\n'; 1_000][..], 10), 2 * LINE_COST);
        tokio::select! {
            biased;
            () = ahead.until_the_end() => panic!("the end is far away"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(ahead.read.len(), 2);
    }
}
