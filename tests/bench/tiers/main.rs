//! `just bench`: what Redis and PostgreSQL cost under us, as ratios to the same servers without us.
//!
//! Prints; judges nothing. `just bench tiers pages` runs its sections whose name begins so. It starts
//! servers of its own and needs `redis-benchmark`, which comes with Redis.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should stop")]

#[path = "../allocator.rs"]
mod allocator;
mod appends;
mod archiving;
mod bare;
mod bare_row;
mod far;
mod figures;
mod looks;
mod memory;
mod pace;
mod pages;
mod reads;
#[path = "../report.rs"]
mod report;
mod servers;
mod sessions;
#[path = "../statistics.rs"]
mod statistics;
mod sweep;
#[path = "../wanted.rs"]
mod wanted;
#[path = "../workload.rs"]
mod workload;

use tokio::runtime::{Builder, Runtime};

use crate::{servers::Servers, wanted::Wanted};

/// How many rounds count, after one that does not.
const ROUNDS: usize = 7;

/// On how many threads callers are that are compared with `redis-benchmark`, which is on one. Where there are two
/// cores, a second thread takes turns with Redis on one of them.
const THREADS: [usize; 2] = [1, 2];

fn main() {
    let wanted = Wanted::of("tiers");
    if !wanted.is_any() {
        return;
    }
    println!(
        "two tiers: ratios of medians, sides in turn, after a warm-up; [lowest … highest round]"
    );
    println!("Redis keeps no append-only file here, on either side; PostgreSQL syncs every commit");
    println!("load of the machine at the start: {}\n", load());
    let servers = Servers::start();
    for threads in THREADS {
        let runtime = runtime(threads);
        if wanted.has("appends") {
            runtime.block_on(appends::beside_a_script(&servers, threads));
        }
        if wanted.has("looks") {
            runtime.block_on(looks::beside_a_script(&servers, threads));
        }
    }
    runtime(2).block_on(async {
        if wanted.has("reads") {
            reads::beside_a_document(&servers).await;
        }
        if wanted.has("pages") {
            pages::of_one_user(&servers).await;
        }
        if wanted.has("archiving") {
            archiving::beside_copy(&servers).await;
        }
        if wanted.has("sweep") {
            sweep::of_many(&servers).await;
        }
        if wanted.has("figures") {
            figures::over_many(&servers).await;
        }
        if wanted.has("upkeep") {
            figures::kept_fast(&servers).await;
        }
        if wanted.has("memory") {
            memory::beside_a_document(&servers).await;
        }
    });
    println!("load of the machine at the end: {}", load());
}

fn runtime(threads: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .unwrap()
}

/// How busy the machine was for one, five and fifteen minutes, where it says so.
fn load() -> String {
    let found = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let words: Vec<_> = found.split(' ').take(3).collect();
    words.join(" ")
}
