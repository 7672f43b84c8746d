//! How a comparison is made and printed.

use std::time::Duration;

/// The times of one side, a list a round.
#[derive(Debug, Default)]
pub(crate) struct Side {
    rounds: Vec<Vec<Duration>>,
}

impl Side {
    pub(crate) fn push(&mut self, round: Vec<Duration>) {
        self.rounds.push(round);
    }

    fn all(&self) -> Vec<Duration> {
        let mut all: Vec<_> = self.rounds.iter().flatten().copied().collect();
        all.sort_unstable();
        all
    }
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
}

fn median(round: &[Duration]) -> f64 {
    let mut round = round.to_vec();
    round.sort_unstable();
    at(&round, 50).as_secs_f64()
}

/// Prints both sides and the ratio of `a` to `b`, with the target it is held against.
pub(crate) fn compare(title: &str, a: (&str, &Side), b: (&str, &Side), target: &str) {
    println!("{title}");
    for (name, side) in [a, b] {
        let all = side.all();
        let (p50, p99) = (at(&all, 50), at(&all, 99));
        println!(
            "  {name:<28} p50 {p50:>10.1?}   p99 {p99:>10.1?}   n {}",
            all.len()
        );
    }
    let pairs = a.1.rounds.iter().zip(&b.1.rounds);
    let mut ratios: Vec<_> = pairs.map(|(a, b)| median(a) / median(b)).collect();
    ratios.sort_by(f64::total_cmp);
    let (low, high) = (ratios[0], ratios[ratios.len() - 1]);
    println!(
        "  ratio {:.2} [{low:.2} … {high:.2}]   target: {target}\n",
        ratios[ratios.len() / 2]
    );
}

/// Prints rates, given in operations a second, and the ratio of `a` to `b`.
pub(crate) fn compare_rates(title: &str, a: (&str, &[f64]), b: (&str, &[f64]), target: &str) {
    println!("{title}");
    let median = |rates: &[f64]| {
        let mut rates = rates.to_vec();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    for (name, rates) in [a, b] {
        println!("  {name:<28} {:>8.0} a second", median(rates));
    }
    let mut ratios: Vec<_> = a.1.iter().zip(b.1).map(|(a, b)| a / b).collect();
    ratios.sort_by(f64::total_cmp);
    let (low, high) = (ratios[0], ratios[ratios.len() - 1]);
    println!(
        "  ratio {:.2} [{low:.2} … {high:.2}]   target: {target}\n",
        ratios[ratios.len() / 2]
    );
}
