//! A broker inside the process, for the demo: the client library's mock cluster.
//!
//! It speaks Kafka's protocol on a loopback port, so producer and consumer are the real ones. It
//! keeps 5 MiB per partition and silently drops the oldest, which the demo's reader, whose state is
//! in memory, outruns by far.

use anyhow::Context as _;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

/// The broker; it lives as long as the value.
pub struct Embedded {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Embedded {
    /// Starts a broker with one topic.
    ///
    /// # Errors
    ///
    /// When the client library cannot.
    pub fn start(topic: &str, partitions: i32) -> anyhow::Result<Embedded> {
        let cluster = MockCluster::new(1).context("cannot start the embedded broker")?;
        cluster
            .create_topic(topic, partitions, 1)
            .context("cannot make the embedded broker's topic")?;
        Ok(Embedded { cluster })
    }

    /// Its address.
    pub fn address(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}
