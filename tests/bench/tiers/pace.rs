//! How fast many callers go at once, and what that costs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fiml_testkit::servers::RedisServer;

use crate::report::{Side, compare_rates};

/// How many callers there are.
pub(crate) const CALLERS: usize = 32;

/// The rounds of one side.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Calls a second.
    pub(crate) rates: Vec<f64>,
    costs: Vec<Cost>,
    /// How long callers waited, where they are ours.
    pub(crate) waits: Side,
}

impl Pace {
    pub(crate) fn push(&mut self, rate: f64, cost: Cost) {
        self.rates.push(rate);
        self.costs.push(cost);
    }

    fn median_cost(&self) -> Cost {
        let median = |of: fn(&Cost) -> f64| {
            let mut micros: Vec<_> = self.costs.iter().map(of).collect();
            micros.sort_by(f64::total_cmp);
            micros[micros.len() / 2]
        };
        Cost {
            server: median(|cost| cost.server),
            client: median(|cost| cost.client),
        }
    }
}

/// What callers did in one round.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) rate: f64,
    pub(crate) waits: Vec<Duration>,
}

/// Has callers call again and again, all at once; a call is told whose it is and which.
pub(crate) async fn at_once<F>(
    callers: usize,
    each: usize,
    call: impl Fn(usize, usize) -> F + Send + Sync + 'static,
) -> Round
where
    F: Future<Output = ()> + Send,
{
    let call = Arc::new(call);
    let started = Instant::now();
    let tasks = (0..callers).map(|caller| {
        let call = Arc::clone(&call);
        tokio::spawn(async move {
            let mut waits = Vec::with_capacity(each);
            for n in 0..each {
                let began = Instant::now();
                call(caller, n).await;
                waits.push(began.elapsed());
            }
            waits
        })
    });
    let mut waits = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        waits.extend(task.await.unwrap());
    }
    let rate = waits.len() as f64 / started.elapsed().as_secs_f64();
    Round { rate, waits }
}

/// Processor time, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Of Redis.
    pub(crate) server: f64,
    /// Of this process, and of those it started that have ended.
    pub(crate) client: f64,
}

impl Cost {
    /// All that was used so far.
    pub(crate) fn so_far(server: &RedisServer) -> Self {
        let info = server.command(&["INFO", "cpu"]);
        let seconds = ["used_cpu_sys:", "used_cpu_user:"].map(|name| {
            let mut lines = info.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)).unwrap();
            value.trim().parse::<f64>().unwrap()
        });
        Self {
            server: seconds.iter().sum::<f64>() * 1e6,
            client: client_micros().unwrap_or(f64::NAN),
        }
    }

    /// What each of so many calls has used since.
    pub(crate) fn of_each(self, server: &RedisServer, calls: usize) -> Self {
        let now = Self::so_far(server);
        Self {
            server: (now.server - self.server) / calls as f64,
            client: (now.client - self.client) / calls as f64,
        }
    }
}

/// Where the system tells, which counts in hundredths of a second.
fn client_micros() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name, which may hold anything: twelfth to fifteenth, own and children's, user and system.
    let (_, fields) = told.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(4);
    let ticks: Option<f64> = ticks.map(|field| field.parse::<f64>().ok()).sum();
    Some(ticks? * 1e4)
}

/// Prints both sides and the ratio of `a` to `b`, then what a call cost.
pub(crate) fn compare_paces(title: &str, a: (&str, &Pace), b: (&str, &Pace), target: &str) {
    compare_rates(title, (a.0, &a.1.rates), (b.0, &b.1.rates), target);
    let (a, b) = (a.1.median_cost(), b.1.median_cost());
    println!(
        "  processor time of a call: {:.1} µs in Redis and {:.1} µs in the caller; bare {:.1} and {:.1}\n",
        a.server, a.client, b.server, b.client
    );
}
