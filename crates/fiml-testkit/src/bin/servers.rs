//! Starts private servers: for a command, or by themselves.
//!
//! `servers COMMAND…` runs the command with `REDIS_URL` and `DATABASE_URL` set to a Redis and a PostgreSQL of
//! its own, and ends with its exit code. Without a command it prints the addresses of a Redis, a PostgreSQL
//! and the nodes of a Redis Cluster, one a line, and ends with its input or by Control-C. The servers are
//! then gone, with all they held.

#![expect(clippy::print_stdout, reason = "the addresses are what it is for")]

use std::{
    io,
    process::{Command, ExitCode},
};

use fiml_testkit::servers::{
    PostgresServer, RedisServer, shared_postgres, shared_redis, shared_redis_cluster,
};

fn main() -> io::Result<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        println!("{}", shared_redis().url());
        println!("{}", shared_postgres().url());
        for url in shared_redis_cluster().urls() {
            println!("{url}");
        }
        io::copy(&mut io::stdin(), &mut io::sink())?;
        return Ok(ExitCode::SUCCESS);
    };
    let (redis, postgres) = (RedisServer::start(), PostgresServer::start());
    let mut command = Command::new(program);
    command
        .args(words)
        .env("REDIS_URL", redis.url())
        .env("DATABASE_URL", postgres.url());
    let code = command.status()?.code();
    let code = code.and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
