//! One command to a Redis server, and its reply as text.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

/// Longer than any command of a test takes, so that a paused server fails it and does not hang it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends commands over one connection and gives the reply to the last one.
pub(super) fn ask(port: u16, commands: &[&[&str]]) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = String::new();
    for command in commands {
        request += &format!("*{}\r\n", command.len());
        for word in *command {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
    }
    stream.write_all(request.as_bytes())?;
    let mut replies = BufReader::new(stream);
    let mut last = String::new();
    for _ in commands {
        last = read(&mut replies)?;
    }
    Ok(last)
}

/// A simple or bulk string as it is, a number in digits, an error with its `-`, the elements of an array
/// one per line, nothing as the empty text.
fn read(replies: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    replies.read_line(&mut line)?;
    let line = line.trim_end();
    let Some(kind) = line.chars().next() else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let rest = &line[1..];
    let length = || {
        rest.parse::<i64>()
            .map(|length| usize::try_from(length).ok())
            .map_err(io::Error::other)
    };
    match kind {
        '$' => {
            let Some(length) = length()? else {
                return Ok(String::new());
            };
            let mut bytes = vec![0; length + 2];
            replies.read_exact(&mut bytes)?;
            bytes.truncate(length);
            String::from_utf8(bytes).map_err(io::Error::other)
        }
        '*' => {
            let elements = (0..length()?.unwrap_or(0)).map(|_| read(replies));
            Ok(elements.collect::<io::Result<Vec<_>>>()?.join("\n"))
        }
        '-' => Ok(line.to_owned()),
        _ => Ok(rest.to_owned()),
    }
}
