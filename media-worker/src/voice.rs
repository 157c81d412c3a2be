//! What is spoken, ready-encoded: each prompt is encoded once per codec and shared by all calls.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Zoned;
use media::clip::Clip;
use media::codec::Codec;
use media::engine::PlayItem;
use media::tone::{Plan, Tone};
use prompts::{ClipRef, Library, Say, Sound};
use tracing::error;

use crate::calls::Spoken;

/// The prompts in every codec that was asked for.
#[derive(Debug)]
pub struct Voice {
    library: Library,
    tones: Plan,
    clips: RefCell<HashMap<(ClipRef, Codec), Clip>>,
    beeps: RefCell<HashMap<Codec, Clip>>,
}

impl Voice {
    /// Speaks from `library`.
    pub fn new(library: Library) -> Self {
        Self {
            library,
            tones: Plan::for_country("us"),
            clips: RefCell::default(),
            beeps: RefCell::default(),
        }
    }

    /// The library.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// What to play for `say`, in the first of the preferred languages that has it, and in `codec`.
    pub fn items(
        &self,
        preferred: &[&str],
        say: &[Say<Spoken>],
        codec: Codec,
        now: &Zoned,
    ) -> Vec<PlayItem> {
        self.library
            .expand(preferred, say, now)
            .into_iter()
            .filter_map(|sound| match sound {
                Sound::Clip(clip) => self.clip(clip, codec).map(PlayItem::Clip),
                Sound::Audio(Spoken(recording)) => Some(PlayItem::Clip(recording.to_clip(codec))),
                Sound::Pause(length) => Some(PlayItem::Silence(length)),
                Sound::Beep => Some(PlayItem::Clip(self.beep(codec))),
            })
            .collect()
    }

    /// The tone a caller hears while a phone rings, again and again.
    pub fn ringback(&self, codec: Codec) -> PlayItem {
        PlayItem::Loop(self.tones.clip(Tone::Ringback, codec))
    }

    /// The tone that asks for a number, without an end.
    pub fn dial_tone(&self, codec: Codec) -> PlayItem {
        PlayItem::Loop(self.tones.clip(Tone::Dial, codec))
    }

    fn clip(&self, clip: ClipRef, codec: Codec) -> Option<Clip> {
        if let Some(known) = self.clips.borrow().get(&(clip, codec)) {
            return Some(known.clone());
        }
        let pcm = self.library.pcm(clip);
        match Clip::encode(&pcm.samples, pcm.rate, codec) {
            Ok(encoded) => {
                self.clips
                    .borrow_mut()
                    .insert((clip, codec), encoded.clone());
                Some(encoded)
            }
            Err(error) => {
                // The call goes on without this prompt rather than end.
                error!(%error, "a prompt can't be played");
                None
            }
        }
    }

    fn beep(&self, codec: Codec) -> Clip {
        self.beeps
            .borrow_mut()
            .entry(codec)
            .or_insert_with(|| self.tones.clip(Tone::Beep, codec))
            .clone()
    }
}
