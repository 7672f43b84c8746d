//! `just bench`: what the embedded store costs, as ratios of two sides measured in turn in one run.
//!
//! Prints; judges nothing. `just bench embedded appends` runs its sections whose name begins so.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should stop")]

mod allocator;
mod appends;
mod figures;
mod observed;
mod pages;
mod process;
mod report;
mod statistics;
mod wanted;
mod workload;

use tokio::runtime::Builder;

use crate::wanted::Wanted;

fn main() {
    let wanted = Wanted::of("embedded");
    if !wanted.is_any() {
        return;
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    println!(
        "the embedded store: ratios of medians, sides in turn, after a warm-up; [lowest … highest round]\n"
    );
    if wanted.has("appends") {
        runtime.block_on(appends::flat());
        runtime.block_on(appends::durable());
    }
    if wanted.has("figures") {
        runtime.block_on(figures::over_many());
    }
    if wanted.has("observed") {
        runtime.block_on(observed::record_query());
    }
    if wanted.has("pages") {
        runtime.block_on(pages::one_user());
    }
    if wanted.has("process") {
        process::first_answer();
        process::size();
    }
}
