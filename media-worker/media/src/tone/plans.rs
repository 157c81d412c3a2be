//! The tones of countries, after ITU-T E.180 supplement 2.

use super::{Plan, Step};

/// What E.180 recommends, and most of Europe and Latin America follows.
pub(super) const E180: Plan = Plan {
    ringback: &[on(&[425], 1000), off(4000)],
    busy: &[on(&[425], 500), off(500)],
    congestion: &[on(&[425], 250), off(250)],
    dial: &[on(&[425], 1000)],
};

pub(super) const BEEP: &[Step] = &[on(&[1000], 400)];

pub(super) const PLANS: &[(&[&str], Plan)] = &[
    (
        &["US", "CA", "PR", "VI", "GU"],
        Plan {
            ringback: &[on(&[440, 480], 2000), off(4000)],
            busy: &[on(&[480, 620], 500), off(500)],
            congestion: &[on(&[480, 620], 250), off(250)],
            dial: &[on(&[350, 440], 1000)],
        },
    ),
    (
        &["GB", "GG", "IM", "JE"],
        Plan {
            ringback: &[
                on(&[400, 450], 400),
                off(200),
                on(&[400, 450], 400),
                off(2000),
            ],
            busy: &[on(&[400], 375), off(375)],
            congestion: &[on(&[400], 400), off(350), on(&[400], 225), off(525)],
            dial: &[on(&[350, 440], 1000)],
        },
    ),
    (
        &["IE"],
        Plan {
            ringback: &[
                on(&[400, 450], 400),
                off(200),
                on(&[400, 450], 400),
                off(2000),
            ],
            ..E180
        },
    ),
    (
        &["DE"],
        Plan {
            busy: &[on(&[425], 480), off(480)],
            congestion: &[on(&[425], 240), off(240)],
            ..E180
        },
    ),
    (
        &["FR"],
        Plan {
            ringback: &[on(&[440], 1500), off(3500)],
            busy: &[on(&[440], 500), off(500)],
            congestion: &[on(&[440], 250), off(250)],
            dial: &[on(&[440], 1000)],
        },
    ),
    (
        &["ES"],
        Plan {
            ringback: &[on(&[425], 1500), off(3000)],
            busy: &[on(&[425], 200), off(200)],
            congestion: &[
                on(&[425], 200),
                off(200),
                on(&[425], 200),
                off(200),
                on(&[425], 200),
                off(600),
            ],
            ..E180
        },
    ),
    (
        &["IT"],
        Plan {
            congestion: &[on(&[425], 200), off(200)],
            dial: &[on(&[425], 200), off(200), on(&[425], 600), off(1000)],
            ..E180
        },
    ),
    (
        &["CH", "LI"],
        Plan {
            congestion: &[on(&[425], 200), off(200)],
            ..E180
        },
    ),
    (
        &["AT"],
        Plan {
            ringback: &[on(&[420], 1000), off(5000)],
            busy: &[on(&[420], 400), off(400)],
            congestion: &[on(&[420], 200), off(200)],
            dial: &[on(&[420], 1000)],
        },
    ),
    (
        &["SE"],
        Plan {
            ringback: &[on(&[425], 1000), off(5000)],
            busy: &[on(&[425], 250), off(250)],
            ..E180
        },
    ),
    (
        &["BR"],
        Plan {
            busy: &[on(&[425], 250), off(250)],
            ..E180
        },
    ),
    (
        &["AU"],
        Plan {
            ringback: &[
                on(&[400, 450], 400),
                off(200),
                on(&[400, 450], 400),
                off(2000),
            ],
            busy: &[on(&[425], 375), off(375)],
            congestion: &[on(&[425], 375), off(375)],
            dial: &[on(&[425], 1000)],
        },
    ),
    (
        &["NZ"],
        Plan {
            ringback: &[
                on(&[400, 450], 400),
                off(200),
                on(&[400, 450], 400),
                off(2000),
            ],
            busy: &[on(&[400], 500), off(500)],
            congestion: &[on(&[400], 250), off(250)],
            dial: &[on(&[400], 1000)],
        },
    ),
    (
        &["JP"],
        Plan {
            // 400 Hz modulated by 16 Hz: the two side tones.
            ringback: &[on(&[384, 416], 1000), off(2000)],
            busy: &[on(&[400], 500), off(500)],
            congestion: &[on(&[400], 500), off(500)],
            dial: &[on(&[400], 1000)],
        },
    ),
    (
        &["IN"],
        Plan {
            ringback: &[
                on(&[375, 425], 400),
                off(200),
                on(&[375, 425], 400),
                off(2000),
            ],
            busy: &[on(&[400], 750), off(750)],
            congestion: &[on(&[400], 250), off(250)],
            dial: &[on(&[375, 425], 1000)],
        },
    ),
];

const fn on(hz: &'static [u16], ms: u16) -> Step {
    Step { hz, ms }
}

const fn off(ms: u16) -> Step {
    Step { hz: &[], ms }
}
