//! The worker's figures for Prometheus. Every label is one of a closed set, so that nothing a peer sends can grow them.

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// Which way a call or a message goes, seen from the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the worker.
    In,
    /// From the worker.
    Out,
}

impl Direction {
    /// The label's value.
    pub fn label(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// How a call ended, for `switchboard_calls_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallResult {
    /// A phone answered.
    Answered,
    /// The caller reached voicemail.
    Voicemail,
    /// The caller used an application, the message center for one.
    Application,
    /// Everybody rung was busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// The caller hung up before an answer.
    Cancelled,
    /// The number means nothing here.
    UnknownNumber,
    /// Refused: not permitted, or the worker was full or stopping.
    Refused,
    /// Something failed.
    Failed,
}

impl CallResult {
    /// The label's value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Voicemail => "voicemail",
            Self::Application => "application",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Cancelled => "cancelled",
            Self::UnknownNumber => "unknown_number",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// All figures of one worker.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    /// Contacts registered now.
    pub registrations: IntGauge,
    /// Trunks, by how their far side knows us.
    pub trunks: IntGaugeVec,
    /// Calls in progress, by direction.
    pub calls_active: IntGaugeVec,
    /// Calls ended, by direction and result.
    pub calls_total: IntCounterVec,
    /// Seconds from INVITE to answer.
    pub call_setup_seconds: Histogram,
    /// Messages left, by result.
    pub messages_total: IntCounterVec,
    /// Bytes in the spool.
    pub spool_bytes: IntGauge,
    /// Age of the oldest message not yet in the store, in seconds.
    pub spool_oldest_seconds: IntGauge,
    /// Attempts to carry a message to the store, by result.
    pub uploads_total: IntCounterVec,
    /// RTP packets, by direction.
    pub rtp_packets_total: IntCounterVec,
    /// RTP packets that never came.
    pub rtp_lost_total: IntCounter,
    /// Ticks that began over 5 ms late.
    pub media_late_ticks_total: IntCounter,
    /// SIP messages, by direction and method.
    pub sip_messages_total: IntCounterVec,
    /// SIP messages refused or dropped, by reason.
    pub sip_rejected_total: IntCounterVec,
    /// Failed authentications, by reason.
    pub auth_failures_total: IntCounterVec,
    /// Logins to a mailbox, by result.
    pub mailbox_logins_total: IntCounterVec,
    /// Objects in the store that are none of ours or cannot be read, as the last sweep found them.
    pub store_damaged_objects: IntGauge,
    /// E-mails about messages, by what became of them.
    pub mails_total: IntCounterVec,
    /// E-mails that are still to be sent.
    pub mails_waiting: IntGauge,
    /// Attempts to count a user's e-mails, by result.
    pub mail_counts_total: IntCounterVec,
}

impl Metrics {
    /// Registers every figure.
    ///
    /// # Errors
    /// When two figures share a name, which only a change of this file can bring about.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new_custom(Some("switchboard".into()), None)?;
        let r = &registry;
        Ok(Self {
            registrations: gauge(r, "registrations", "Contacts registered now")?,
            trunks: gauges(r, "trunks", "Trunks", &["registration"])?,
            calls_active: gauges(r, "calls_active", "Calls in progress", &["direction"])?,
            calls_total: counters(r, "calls_total", "Calls ended", &["direction", "result"])?,
            call_setup_seconds: histogram(
                r,
                "call_setup_seconds",
                "Seconds from INVITE to answer",
                &[0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0],
            )?,
            messages_total: counters(r, "messages_total", "Messages left", &["result"])?,
            spool_bytes: gauge(r, "spool_bytes", "Bytes in the spool")?,
            spool_oldest_seconds: gauge(
                r,
                "spool_oldest_seconds",
                "Age of the oldest message not yet in the store",
            )?,
            uploads_total: counters(
                r,
                "uploads_total",
                "Messages carried to the store",
                &["result"],
            )?,
            rtp_packets_total: counters(r, "rtp_packets_total", "RTP packets", &["direction"])?,
            rtp_lost_total: counter(r, "rtp_lost_total", "RTP packets that never came")?,
            media_late_ticks_total: counter(
                r,
                "media_late_ticks_total",
                "Ticks that began over 5 ms late",
            )?,
            sip_messages_total: counters(
                r,
                "sip_messages_total",
                "SIP messages",
                &["direction", "method"],
            )?,
            sip_rejected_total: counters(
                r,
                "sip_rejected_total",
                "SIP messages refused or dropped",
                &["reason"],
            )?,
            auth_failures_total: counters(
                r,
                "auth_failures_total",
                "Failed authentications",
                &["reason"],
            )?,
            mailbox_logins_total: counters(
                r,
                "mailbox_logins_total",
                "Logins to a mailbox",
                &["result"],
            )?,
            store_damaged_objects: gauge(
                r,
                "store_damaged_objects",
                "Objects in the store that are not ours or cannot be read",
            )?,
            mails_total: counters(
                r,
                "mails_total",
                "E-mails about messages: sent, attempts that failed, refused or expired for good",
                &["result"],
            )?,
            mails_waiting: gauge(r, "mails_waiting", "E-mails that are still to be sent")?,
            mail_counts_total: counters(
                r,
                "mail_counts_total",
                "Attempts to count a user's e-mails",
                &["result"],
            )?,
            registry,
        })
    }

    /// Adds a figure that is made when it is asked for.
    ///
    /// # Errors
    /// When another has its name.
    pub fn register(
        &self,
        figure: impl prometheus::core::Collector + 'static,
    ) -> prometheus::Result<()> {
        self.registry.register(Box::new(figure))
    }

    /// The page that Prometheus reads (text exposition format 0.0.4).
    ///
    /// # Errors
    /// When a figure can't be written.
    pub fn page(&self) -> prometheus::Result<Vec<u8>> {
        let mut page = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut page)?;
        Ok(page)
    }
}

/// Raises `counter` to `total`: for figures that are counted elsewhere and read as a running total.
pub fn raise_to(counter: &IntCounter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

fn gauge(registry: &Registry, name: &str, help: &str) -> prometheus::Result<IntGauge> {
    let gauge = IntGauge::new(name, help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn gauges(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> prometheus::Result<IntGaugeVec> {
    let gauges = IntGaugeVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(gauges.clone()))?;
    Ok(gauges)
}

fn counter(registry: &Registry, name: &str, help: &str) -> prometheus::Result<IntCounter> {
    let counter = IntCounter::new(name, help)?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}

fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> prometheus::Result<IntCounterVec> {
    let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(counters.clone()))?;
    Ok(counters)
}

fn histogram(
    registry: &Registry,
    name: &str,
    help: &str,
    buckets: &[f64],
) -> prometheus::Result<Histogram> {
    let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?;
    registry.register(Box::new(histogram.clone()))?;
    Ok(histogram)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_of_the_contract_is_on_the_page() {
        let metrics = Metrics::new().unwrap();
        metrics.calls_active.with_label_values(&["in"]).set(1);
        metrics
            .calls_total
            .with_label_values(&["in", CallResult::Voicemail.label()])
            .inc();
        raise_to(&metrics.rtp_lost_total, 7);
        raise_to(&metrics.rtp_lost_total, 5);
        let page = String::from_utf8(metrics.page().unwrap()).unwrap();
        assert!(page.contains("switchboard_calls_total{direction=\"in\",result=\"voicemail\"} 1"));
        assert!(page.contains("switchboard_rtp_lost_total 7"));
        assert!(page.contains("switchboard_registrations 0"));
    }
}
