//! `just bench`: what the embedded store costs, as ratios of two sides measured in turn in one run.
//!
//! Prints; judges nothing. `just bench appends` runs the sections whose name begins so.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should stop")]

mod appends;
mod pages;
mod process;
mod report;

use tokio::runtime::Builder;

fn main() {
    let wanted: Vec<_> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let runs =
        |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| name.starts_with(wanted));
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    println!("ratios of medians, sides in turn, after a warm-up; [lowest … highest round]\n");
    if runs("appends") {
        runtime.block_on(appends::flat());
        runtime.block_on(appends::durable());
    }
    if runs("pages") {
        runtime.block_on(pages::one_user());
    }
    if runs("process") {
        process::first_answer();
        process::size();
    }
}
