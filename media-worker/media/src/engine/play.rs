//! What a leg plays: a list of ready-encoded items, a frame of 20 ms at a time.

use std::collections::VecDeque;
use std::time::Duration;

use super::command::PlayItem;
use crate::clip::Clip;

/// The playback of one leg.
#[derive(Debug, Default)]
pub(super) enum Playback {
    /// Nothing plays.
    #[default]
    Idle,
    /// The first item plays from `frame` on.
    Playing {
        /// What is left.
        items: VecDeque<PlayItem>,
        /// Frames of the first item that were played.
        frame: usize,
        /// Told at the end.
        tag: u64,
    },
}

/// What the next 20 ms hold.
#[derive(Debug)]
pub(super) enum Next {
    /// A frame of this clip, whose audio is shared.
    Frame(Clip, usize),
    /// Silence.
    Silence,
    /// The list is at its end.
    Ended(u64),
    /// Nothing plays.
    Idle,
}

impl Playback {
    /// Plays these items from their beginning.
    pub(super) fn start(items: Vec<PlayItem>, tag: u64) -> Self {
        Self::Playing {
            items: items.into(),
            frame: 0,
            tag,
        }
    }

    /// Stops, and says what was interrupted.
    pub(super) fn stop(&mut self) -> Option<u64> {
        match std::mem::take(self) {
            Self::Idle => None,
            Self::Playing { tag, .. } => Some(tag),
        }
    }

    /// Whether something plays.
    pub(super) fn is_playing(&self) -> bool {
        matches!(self, Self::Playing { .. })
    }

    /// Moves on by 20 ms.
    pub(super) fn advance(&mut self) -> Next {
        let Self::Playing { items, frame, tag } = self else {
            return Next::Idle;
        };
        while let Some(item) = items.front() {
            let frames = item.frames();
            if *frame < frames {
                break;
            }
            match item {
                PlayItem::Loop(_) if frames > 0 => {
                    *frame = 0;
                    break;
                }
                PlayItem::Loop(_) | PlayItem::Clip(_) | PlayItem::Silence(_) => {
                    items.pop_front();
                    *frame = 0;
                }
            }
        }
        if items.is_empty() {
            let tag = *tag;
            *self = Self::Idle;
            return Next::Ended(tag);
        }
        let at = *frame;
        *frame += 1;
        match items.front() {
            Some(PlayItem::Clip(clip) | PlayItem::Loop(clip)) => Next::Frame(clip.clone(), at),
            Some(PlayItem::Silence(_)) | None => Next::Silence,
        }
    }
}

impl PlayItem {
    fn frames(&self) -> usize {
        match self {
            Self::Clip(clip) | Self::Loop(clip) => clip.frame_count(),
            Self::Silence(time) => time.as_millis().div_ceil(FRAME.as_millis()) as usize,
        }
    }
}

/// The length of a frame, and of the engine's tick.
pub(super) const FRAME: Duration = Duration::from_millis(20);
