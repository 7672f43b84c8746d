//! A Redis Cluster of one's own.

use std::{
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use super::redis::RedisServer;

/// How many masters share the slots; there are no replicas.
const MASTERS: usize = 3;
const SLOTS: usize = 16_384;

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// A private Redis Cluster of three masters without replicas, on free loopback ports.
///
/// Each node is a [`RedisServer`] with its promises; a node counts as failed after two seconds of silence.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// A cluster with the settings of production: `appendonly yes`, `appendfsync always`.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A cluster with further settings on every node.
    #[must_use]
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("cluster-node-timeout", "2000")];
        all.extend(settings);
        let nodes = (0..MASTERS)
            .map(|_| RedisServer::start_node(&all, true))
            .collect();
        let cluster = Self { nodes };
        cluster.join();
        cluster.wait_until_whole();
        cluster
    }

    /// Gives every node its share of the slots and makes them known to each other.
    fn join(&self) {
        let order = |node: &RedisServer, words: &[&str]| {
            let reply = node.command(words);
            assert_eq!(reply, "OK", "a node refused {words:?}");
        };
        let first = &self.nodes[0];
        for (index, node) in self.nodes.iter().enumerate() {
            let from = (index * SLOTS / MASTERS).to_string();
            let to = ((index + 1) * SLOTS / MASTERS - 1).to_string();
            // Epochs that differ from the start spare the nodes a dispute over whose slots are whose.
            let epoch = (index + 1).to_string();
            order(node, &["CLUSTER", "SET-CONFIG-EPOCH", &epoch]);
            order(node, &["CLUSTER", "ADDSLOTSRANGE", &from, &to]);
            let bus = node.command(&["CONFIG", "GET", "cluster-port"]);
            let bus = bus.lines().last().unwrap_or_default();
            let port = node.port().to_string();
            order(first, &["CLUSTER", "MEET", "127.0.0.1", &port, bus]);
        }
    }

    /// Waits until every node sees all three and serves all slots.
    ///
    /// # Panics
    ///
    /// After a minute.
    pub fn wait_until_whole(&self) {
        let deadline = Instant::now() + PATIENCE;
        let masters = format!("cluster_size:{MASTERS}");
        let whole = ["cluster_state:ok", "cluster_slots_ok:16384", &masters];
        for node in &self.nodes {
            loop {
                let info = node.command(&["CLUSTER", "INFO"]);
                if whole.iter().all(|line| info.contains(line)) {
                    break;
                }
                assert!(
                    Instant::now() < deadline,
                    "the cluster is not whole: {info}"
                );
                thread::sleep(PAUSE);
            }
        }
    }

    /// The address of one node; the client learns of the others from it.
    #[must_use]
    pub fn url(&self) -> String {
        self.nodes[0].url()
    }

    /// The addresses of all nodes, in the order of their slots.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }

    /// The node with the given third of the slots: 0, 1 or 2.
    #[must_use]
    pub fn node(&self, index: usize) -> &RedisServer {
        &self.nodes[index]
    }

    /// Ends one node with SIGKILL.
    pub fn kill(&self, index: usize) {
        self.nodes[index].kill();
    }

    /// Starts one node again and waits until the cluster is whole.
    pub fn restart(&self, index: usize) {
        self.nodes[index].restart();
        self.wait_until_whole();
    }
}

/// One Redis Cluster for all tests of this process, started on first use; see [`shared_redis`](super::shared_redis).
pub fn shared_redis_cluster() -> &'static RedisCluster {
    static SHARED: OnceLock<RedisCluster> = OnceLock::new();
    SHARED.get_or_init(|| RedisCluster::start_with(&[("appendfsync", "no")]))
}
