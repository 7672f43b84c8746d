//! Starts a Redis server, a Redis Cluster and a PostgreSQL server and prints their addresses, one per line.
//!
//! They are gone, with all they held, as soon as this program ends: at the end of its input or by Control-C.

#![expect(clippy::print_stdout, reason = "the addresses are what it is for")]

use std::io;

use fiml_testkit::servers::{shared_postgres, shared_redis, shared_redis_cluster};

fn main() -> io::Result<()> {
    println!("{}", shared_redis().url());
    println!("{}", shared_postgres().url());
    for url in shared_redis_cluster().urls() {
        println!("{url}");
    }
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
