//! The pause between what is said one after the other.

use std::time::Duration;

use prompts::Say;
use tokio::time::Instant;

/// Knows when what was said has come to its end by itself: what follows begins a moment later then, as sentences do that
/// are said at once. Whoever pressed a key is answered without delay.
#[derive(Debug, Default)]
pub(super) struct Breath {
    last_word: Option<Instant>,
}

impl Breath {
    /// What was said has come to its end.
    pub(super) fn said(&mut self, now: Instant) {
        self.last_word = Some(now);
    }

    /// A key was pressed, or what was said was cut short.
    pub(super) fn interrupted(&mut self) {
        self.last_word = None;
    }

    /// The silence to put before this, which begins now.
    pub(super) fn before<A>(&mut self, what: &[Say<A>], now: Instant) -> Duration {
        let pause = if matches!(what.first(), Some(Say::Beep)) {
            BEFORE_BEEP
        } else {
            BETWEEN_SENTENCES
        };
        let last_word = self.last_word.take();
        last_word.map_or(Duration::ZERO, |at| {
            pause.saturating_sub(now.duration_since(at))
        })
    }
}

/// As between the sentences of one speech.
const BETWEEN_SENTENCES: Duration = Duration::from_millis(250);
/// A tone stands out by itself.
const BEFORE_BEEP: Duration = Duration::from_millis(150);

#[cfg(test)]
mod tests {
    use prompts::PromptId;

    use super::*;

    /// The silence before this if what was said ended so many milliseconds ago.
    fn pause_before(what: &Say<()>, ago: u64) -> u64 {
        let ended = Instant::now();
        let mut breath = Breath::default();
        breath.said(ended);
        let pause = breath.before(std::slice::from_ref(what), ended + ms(ago));
        assert_eq!(breath.before(std::slice::from_ref(what), ended), ms(0));
        pause.as_millis() as u64
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_follows_by_itself_waits_as_long_as_between_sentences() {
        let sentence = Say::Prompt(PromptId::LOGIN_PIN);
        let pauses = [0, 100, 250, 7000].map(|ago| pause_before(&sentence, ago));
        assert_eq!(pauses, [250, 150, 0, 0]);
        let recording = pause_before(&Say::Audio(()), 0);
        assert_eq!(recording, 250, "a message after its envelope");
        assert_eq!(pause_before(&Say::Beep, 0), 150);
    }

    #[test]
    fn the_first_words_and_the_answer_to_a_key_come_at_once() {
        let sentence = [Say::<()>::Prompt(PromptId::MENU_INVALID)];
        let mut breath = Breath::default();
        assert_eq!(breath.before(&sentence, Instant::now()), ms(0));
        breath.said(Instant::now());
        breath.interrupted();
        assert_eq!(breath.before(&sentence, Instant::now()), ms(0));
    }
}
