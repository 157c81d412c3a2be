//! Session timers (RFC 4028): who refreshes a session, and how often.

use std::time::Duration;

use super::{Context, SessionTimer};
use crate::syntax::{HeaderName, Headers, Refresher, SessionExpires};

/// What was agreed about refreshing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refresh {
    /// Nothing: the far side does not know session timers.
    Off,
    /// We refresh, by half the interval.
    Ours(Duration),
    /// The far side does, within the interval.
    Theirs(Duration),
}

impl Refresh {
    /// What the headers of a 2xx to our INVITE or UPDATE agree (RFC 4028 7.2).
    pub(super) fn agreed(response: &Headers) -> Self {
        match response.session_expires() {
            Ok(Some(SessionExpires {
                interval,
                refresher,
            })) => {
                let interval = seconds(interval).max(SHORTEST);
                match refresher {
                    Some(Refresher::Uac) | None => Self::Ours(interval),
                    Some(Refresher::Uas) => Self::Theirs(interval),
                }
            }
            Ok(None) | Err(_) => Self::Off,
        }
    }

    /// What we answer to a request of the far side (RFC 4028 9): its wish for the refresher, else we refresh, since
    /// that also finds out whether it is alive.
    pub(super) fn answer(cx: &Context<'_>, request: &Headers) -> Self {
        if !request.offers_option("timer") {
            return Self::Off;
        }
        let config = &cx.layer.config;
        let wish = request.session_expires().ok().flatten();
        let least = request
            .min_se()
            .ok()
            .flatten()
            .map_or(config.min_se, |min| config.min_se.max(seconds(min)));
        let interval = wish.map_or(config.session_expires, |wish| {
            seconds(wish.interval).min(config.session_expires)
        });
        let interval = interval.max(least).max(SHORTEST);
        match wish.and_then(|wish| wish.refresher) {
            Some(Refresher::Uac) => Self::Theirs(interval),
            Some(Refresher::Uas) | None => Self::Ours(interval),
        }
    }

    /// Whether a request asks for an interval below ours: to be answered 422 with Min-SE (RFC 4028 9).
    pub(super) fn too_small(cx: &Context<'_>, request: &Headers) -> bool {
        let wish = request.session_expires().ok().flatten();
        request.offers_option("timer")
            && wish.is_some_and(|wish| seconds(wish.interval) < cx.layer.config.min_se)
    }

    /// Adds Session-Expires (and Require) to a 2xx of ours.
    pub(super) fn add_to_response(self, headers: &mut Headers) {
        let (interval, refresher) = match self {
            Self::Off => return,
            Self::Ours(interval) => (interval, Refresher::Uas),
            Self::Theirs(interval) => (interval, Refresher::Uac),
        };
        headers.push(
            HeaderName::SessionExpires,
            expires(interval, Some(refresher)),
        );
        if refresher == Refresher::Uac {
            headers.push(HeaderName::Require, "timer");
        }
    }

    /// Adds Session-Expires and Min-SE to a request of ours within the session.
    pub(super) fn add_to_request(self, cx: &Context<'_>, headers: &mut Headers) {
        let config = &cx.layer.config;
        let (interval, refresher) = match self {
            Self::Off => (config.session_expires, None),
            Self::Ours(interval) => (interval, Some(Refresher::Uac)),
            Self::Theirs(interval) => (interval, Some(Refresher::Uas)),
        };
        headers.push(HeaderName::SessionExpires, expires(interval, refresher));
        headers.push(HeaderName::MinSe, config.min_se.as_secs().to_string());
    }

    /// The same with an interval not below this.
    pub(super) fn at_least(self, least: Duration) -> Self {
        match self {
            Self::Off => Self::Off,
            Self::Ours(interval) => Self::Ours(interval.max(least)),
            Self::Theirs(interval) => Self::Theirs(interval.max(least)),
        }
    }

    /// The interval, if any.
    pub(super) fn interval(self) -> Option<Duration> {
        match self {
            Self::Off => None,
            Self::Ours(interval) | Self::Theirs(interval) => Some(interval),
        }
    }

    /// Starts the timers anew (RFC 4028 10).
    pub(super) fn arm(self, cx: &mut Context<'_>) {
        cx.disarm(SessionTimer::Refresh);
        match self {
            Self::Off => cx.disarm(SessionTimer::Expire),
            Self::Ours(interval) => {
                cx.arm(SessionTimer::Refresh, interval / 2);
                cx.arm(SessionTimer::Expire, interval);
            }
            Self::Theirs(interval) => {
                cx.arm(
                    SessionTimer::Expire,
                    interval.saturating_sub((interval / 3).min(Duration::from_secs(32))),
                );
            }
        }
    }
}

/// Adds what our INVITE says about session timers.
pub(super) fn add_to_invite(cx: &Context<'_>, headers: &mut Headers) {
    Refresh::Off.add_to_request(cx, headers);
}

fn expires(interval: Duration, refresher: Option<Refresher>) -> String {
    let interval = u32::try_from(interval.as_secs()).unwrap_or(u32::MAX);
    SessionExpires {
        interval,
        refresher,
    }
    .to_string()
}

pub(super) fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

/// RFC 4028 4: no interval is below 90 s.
const SHORTEST: Duration = Duration::from_secs(90);
