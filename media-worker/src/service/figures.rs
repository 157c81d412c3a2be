//! Figures that are counted elsewhere, read each second; and the ticks of the media threads, read when Prometheus asks.

use std::path::Path;

use crds::conditions::Reason;
use crds::report::Finding;
use crds::trunk::Registration;
use mailbox::Uploads;
use prometheus::core::{Collector, Desc};
use prometheus::proto;
use sip::endpoint::{COUNTED_METHODS, Rejected};

use crate::calls::{Exchange, Heard, Life};
use crate::mail::Post;
use crate::media_threads::{MediaHandle, TICK_BUCKETS_SECONDS};
use crate::metrics::{Direction, Metrics, raise_to};
use crate::report::ReportBoard;
use crate::storage::{self, LeftBehind};

/// Brings the running totals of signalling and media up to date.
pub(super) fn read(exchange: &Exchange, spool: &Path) {
    let metrics = &exchange.metrics;
    sip(exchange, metrics);
    media(exchange.media.threads(), metrics);
    for (standing, count) in exchange.trunks.standing() {
        let label = match standing {
            Registration::NotNeeded => "not_needed",
            Registration::Registered => "registered",
            Registration::Refused => "refused",
            Registration::NoAnswer => "no_answer",
        };
        metrics.trunks.with_label_values(&[label]).set(count);
    }
    let Uploads { stored, failed } = exchange.mailboxes.uploads();
    for (result, total) in [("stored", stored), ("failed", failed)] {
        raise_to(&metrics.uploads_total.with_label_values(&[result]), total);
    }
    let oldest = exchange.mailboxes.spool().oldest();
    let age = oldest.map_or(0, |since| {
        jiff::Timestamp::now().duration_since(since).as_secs()
    });
    metrics.spool_oldest_seconds.set(age);
    metrics
        .spool_bytes
        .set(i64::try_from(size(spool)).unwrap_or(i64::MAX));
}

/// Brings what the operator is told up to date.
pub(super) fn report(
    exchange: &Exchange,
    post: &Post,
    left_behind: &LeftBehind,
    board: &ReportBoard,
) {
    let metrics = &exchange.metrics;
    let left_behind = left_behind.said();
    let count = |gauge: i64| u32::try_from(gauge).unwrap_or_default();
    board.change(|report| {
        report.calls = count(exchange.calls_in_progress());
        report.registrations = count(metrics.registrations.get());
        report.draining = exchange.life() != Life::Serving;
        report.spool_bytes = metrics.spool_bytes.get().unsigned_abs();
        let storage = exchange.mailboxes.storage();
        report.storage = storage::finding(&storage.borrow(), left_behind.as_deref());
        report.media = media_finding(exchange.media.hearing());
        report.mail = post.finding();
        report.refused_mails = post.refusals().last();
    });
}

/// Whether callers' audio arrives, and what to do if not.
fn media_finding(heard: Heard) -> Option<Finding> {
    let (ok, reason, message) = match heard {
        Heard::NoCallYet => return None,
        Heard::Some => (true, Reason::Heard, "callers' audio arrives"),
        Heard::None => (
            false,
            Reason::NothingHeard,
            "the last five answered calls heard nothing: let UDP through to the media ports, and see that the addresses in status.media lead here",
        ),
    };
    Some(Finding {
        ok,
        reason: reason.to_string(),
        message: message.to_owned(),
    })
}

/// The bytes of the log: a few files.
fn size(spool: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(spool) else {
        return 0;
    };
    files
        .flatten()
        .filter_map(|file| file.metadata().ok())
        .map(|file| file.len())
        .sum()
}

fn sip(exchange: &Exchange, metrics: &Metrics) {
    let counters = exchange
        .signalling
        .with(|endpoint, _| endpoint.drain_counters());
    for (index, method) in COUNTED_METHODS.iter().enumerate() {
        for (direction, counts) in [
            (Direction::In, &counters.requests_in),
            (Direction::Out, &counters.requests_out),
        ] {
            if let Some(count @ 1..) = counts.get(index) {
                metrics
                    .sip_messages_total
                    .with_label_values(&[direction.label(), method])
                    .inc_by(*count);
            }
        }
    }
    for reason in Rejected::ALL {
        if let count @ 1.. = counters.rejected(reason) {
            metrics
                .sip_rejected_total
                .with_label_values(&[reason.label()])
                .inc_by(count);
        }
    }
}

fn media(threads: &MediaHandle, metrics: &Metrics) {
    let mut late = 0;
    let (mut received, mut sent, mut lost) = (0, 0, 0);
    for stats in (0..threads.threads()).filter_map(|thread| threads.stats(thread)) {
        let counters = stats.counters();
        late += stats.late_ticks();
        received += counters.rtp_in;
        sent += counters.rtp_out;
        lost += counters.rtp_lost;
    }
    raise_to(&metrics.media_late_ticks_total, late);
    raise_to(&metrics.rtp_lost_total, lost);
    raise_to(
        &metrics.rtp_packets_total.with_label_values(&["in"]),
        received,
    );
    raise_to(&metrics.rtp_packets_total.with_label_values(&["out"]), sent);
}

/// `switchboard_media_tick_seconds`, over all media threads.
pub(super) struct Ticks {
    threads: MediaHandle,
    description: Desc,
}

impl Ticks {
    pub(super) fn new(threads: MediaHandle) -> prometheus::Result<Self> {
        let help = "Seconds one tick of a media thread took".to_owned();
        let description = Desc::new(
            "media_tick_seconds".into(),
            help,
            Vec::new(),
            std::collections::HashMap::new(),
        )?;
        Ok(Self {
            threads,
            description,
        })
    }
}

impl Collector for Ticks {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.description]
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let mut histogram = proto::Histogram::default();
        let (mut count, mut sum) = (0, 0.0);
        let mut buckets = [0; TICK_BUCKETS_SECONDS.len()];
        for stats in (0..self.threads.threads()).filter_map(|thread| self.threads.stats(thread)) {
            let ticks = stats.ticks();
            count += ticks.count;
            sum += ticks.sum.as_secs_f64();
            for (total, own) in buckets.iter_mut().zip(ticks.buckets) {
                *total += own;
            }
        }
        let mut below = 0;
        let bounds = TICK_BUCKETS_SECONDS
            .iter()
            .zip(buckets)
            .map(|(bound, count)| {
                below += count;
                let mut bucket = proto::Bucket::default();
                bucket.set_cumulative_count(below);
                bucket.set_upper_bound(*bound);
                bucket
            });
        histogram.set_bucket(bounds.collect());
        histogram.set_sample_count(count);
        histogram.set_sample_sum(sum);
        let mut metric = proto::Metric::default();
        metric.set_histogram(histogram);
        let mut family = proto::MetricFamily::default();
        family.set_name(self.description.fq_name.clone());
        family.set_help(self.description.help.clone());
        family.set_field_type(proto::MetricType::HISTOGRAM);
        family.set_metric(vec![metric]);
        vec![family]
    }
}
