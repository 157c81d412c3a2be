//! The call of a scripted person, in virtual time.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crds::directory::{Caller, UserEntry};
use mailbox::{Folder, MessageState};
use prompts::{Audible, Library, Say};

use super::inbox::Stored;
use super::office::{Recording, Sample, SimOffice};
use super::person::{Action, Elsewhere, Person};
use super::state::{Clock, State};
use super::story::Heard;
use crate::call::{Call, Called, Ended, HungUp, Listener, Outside, RecordRules, Step, Take, Wake};
use crate::{Announcement, Key};

/// The call of a scripted person.
pub struct Line<'a> {
    person: Person,
    listener: Listener,
    chosen: Option<Arc<str>>,
    library: &'a Library,
    clock: Clock,
    state: Rc<RefCell<State>>,
    began: Duration,
    /// Since when the first step of the script is what he does.
    step_since: Duration,
    keys: VecDeque<Key>,
    /// What is being said: planned pieces.
    saying: Option<Vec<Heard>>,
    hung_up: bool,
    /// What was said before.
    pub(super) heard: Vec<Heard>,
    /// How much of it the script has gone by.
    matched: usize,
    pub(super) steps: BTreeSet<Step>,
}

impl<'a> Line<'a> {
    pub(super) fn new(
        person: Person,
        listener: Listener,
        library: &'a Library,
        clock: Clock,
        state: Rc<RefCell<State>>,
    ) -> Self {
        let began = clock.get();
        Self {
            person,
            listener,
            chosen: None,
            library,
            clock,
            state,
            began,
            step_since: Duration::ZERO,
            keys: VecDeque::new(),
            saying: None,
            hung_up: false,
            heard: Vec::new(),
            matched: 0,
            steps: BTreeSet::new(),
        }
    }

    /// How long the call has been.
    pub(super) fn now(&self) -> Duration {
        self.clock.get().saturating_sub(self.began)
    }

    /// The script's next step, if it is not over. Hanging up may be left over: the application
    /// was faster.
    pub(super) fn unfinished(&self) -> Option<String> {
        let next = self.person.steps.front()?;
        let is_done = self.hung_up || *next == Action::HangsUp;
        (!is_done).then(|| format!("{next:?}"))
    }

    /// Ends what is being said, whole or not.
    pub(super) fn fall_silent(&mut self) {
        let now = self.now();
        for mut piece in self.saying.take().unwrap_or_default() {
            if piece.from < now || piece.to <= now {
                piece.whole = piece.to <= now;
                piece.to = piece.to.min(now);
                self.heard.push(piece);
            }
        }
    }

    fn sound(&self, text: String, length: Duration) -> Heard {
        let from = self.now();
        Heard {
            english: text.clone(),
            text,
            from,
            to: from + length,
            whole: true,
        }
    }

    fn plan(&self, what: &[Say<Sample>]) -> Vec<Heard> {
        let mut from = self.now();
        let plan = what.iter().map(|say| {
            let text = self.text(&self.listener.language, say);
            let to = from + length(say, &text);
            let piece = Heard {
                english: self.text("en", say),
                text,
                from,
                to,
                whole: true,
            };
            from = to;
            piece
        });
        plan.collect()
    }

    /// What one hears when this is said now in that language.
    fn text(&self, language: &str, say: &Say<Sample>) -> String {
        let now = self.clock.timestamp().to_zoned(self.listener.zone.clone());
        self.library
            .text(&[language], std::slice::from_ref(say), &now)
    }

    /// What is done to an inbox on another phone.
    fn happens(&self, elsewhere: Elsewhere) {
        match elsewhere {
            Elsewhere::Deletes(user) => {
                let mut state = self.state.borrow_mut();
                let messages = state.messages.get_mut(user).expect("an inbox");
                messages[0].state = MessageState::Trash {
                    since: self.clock.timestamp(),
                    was: Folder::New,
                };
            }
            Elsewhere::Leaves(user, sender) => {
                let (now, length) = (self.clock.timestamp(), Duration::from_secs(20));
                let message = Stored::new(&self.state, sender, now, length);
                let mut state = self.state.borrow_mut();
                let inbox = state.messages.entry(user.to_owned()).or_default();
                inbox.push(message);
            }
        }
    }

    /// When the person does his next thing, if something is to happen before it.
    fn next_action(&self) -> Option<Duration> {
        let since = self.step_since;
        let scripted = match self.person.steps.front() {
            None => None,
            Some(Action::Presses(_)) => Some(since + BETWEEN_KEYS),
            Some(Action::Waits(time) | Action::Speaks(time)) => Some(since + *time),
            Some(Action::HangsUp | Action::Meanwhile(_)) => Some(since),
            Some(Action::Hears(text)) => self.find(text).map(|(_, piece)| piece.to),
            Some(Action::HearsPartOf(text)) => self
                .find(text)
                .map(|(_, piece)| (piece.from + piece.to) / 2),
        };
        scripted.into_iter().chain(self.person.gone_at).min()
    }

    /// The first piece after those gone by that contains this, and its number.
    fn find(&self, text: &str) -> Option<(usize, &Heard)> {
        let planned = self.saying.iter().flatten();
        let pieces = self
            .heard
            .iter()
            .chain(planned)
            .enumerate()
            .skip(self.matched);
        let mut wanted = pieces.filter(|(_, piece)| piece.whole && piece.says(text));
        wanted.next()
    }

    /// Lets the person do what is due.
    fn act(&mut self) {
        while !self.hung_up && self.next_action().is_some_and(|at| at <= self.now()) {
            if self.person.gone_at.is_some_and(|at| at <= self.now()) {
                return self.hang_up();
            }
            self.step_since = self.next_action().unwrap_or_default().max(self.step_since);
            match self.person.steps.pop_front() {
                None | Some(Action::Waits(_) | Action::Speaks(_)) => {}
                Some(Action::Presses(key)) => self.keys.push_back(key),
                Some(Action::HangsUp) => self.hang_up(),
                Some(Action::Meanwhile(elsewhere)) => self.happens(elsewhere),
                Some(Action::Hears(text) | Action::HearsPartOf(text)) => {
                    self.matched = self.find(&text).map_or(self.matched, |(at, _)| at + 1);
                }
            }
        }
    }

    fn hang_up(&mut self) {
        self.hung_up = true;
        self.fall_silent();
    }

    /// Goes on to this moment, or to when the person acts, whichever is first.
    fn advance(&mut self, to: Duration) {
        let next = self
            .next_action()
            .map_or(to, |at| at.max(self.now()).min(to));
        assert!(
            next < ENDLESS,
            "the call goes on for ever; heard: {:#?}",
            self.heard
        );
        self.clock.set(self.began + next);
        self.act();
    }

    fn check(&mut self) -> Result<(), HungUp> {
        self.act();
        if self.hung_up { Err(HungUp) } else { Ok(()) }
    }

    /// Until when the person is talking, as far as the script says.
    fn talks_until(&self) -> Option<Duration> {
        match self.person.steps.front() {
            Some(Action::Speaks(time)) => Some(self.step_since + *time),
            _ => None,
        }
    }
}

impl Call<SimOffice> for Line<'_> {
    fn caller(&self) -> &Caller {
        &self.person.caller
    }

    fn listener(&self) -> &Listener {
        &self.listener
    }

    fn set_listener(&mut self, listener: Listener) {
        self.listener = listener;
    }

    fn chosen_language(&self) -> Option<&Arc<str>> {
        self.chosen.as_ref()
    }

    fn choose_language(&mut self, language: Arc<str>) {
        self.listener.language = Arc::clone(&language);
        self.chosen = Some(language);
    }

    async fn start(&mut self, what: &[Say<Sample>]) -> Result<(), HungUp> {
        self.check()?;
        self.fall_silent();
        self.saying = Some(self.plan(what));
        Ok(())
    }

    async fn stop(&mut self) -> Result<(), HungUp> {
        self.check()?;
        self.fall_silent();
        Ok(())
    }

    async fn wait(&mut self, at_most: Duration) -> Result<Wake, HungUp> {
        self.check()?;
        let over = self.now() + at_most;
        loop {
            if !self.keys.is_empty() {
                return Ok(Wake::Key);
            }
            let end = self
                .saying
                .as_ref()
                .map(|pieces| pieces.last().map_or(Duration::ZERO, |p| p.to));
            if end.is_some_and(|end| end <= self.now()) {
                self.fall_silent();
                return Ok(Wake::Finished);
            }
            if over <= self.now() {
                return Ok(Wake::TimeOver);
            }
            self.advance(end.unwrap_or(over).min(over));
            self.check()?;
        }
    }

    fn waiting_key(&self) -> Option<Key> {
        self.keys.front().copied()
    }

    fn take_key(&mut self) -> Option<Key> {
        self.keys.pop_front()
    }

    async fn record(&mut self, recording: &Recording, rules: &RecordRules<'_>) -> Take {
        self.fall_silent();
        let began = self.now();
        let mut talked: Option<Duration> = None;
        let ended = loop {
            self.act();
            if self.hung_up {
                break Ended::HungUp;
            }
            let end_key =
                std::iter::from_fn(|| self.keys.pop_front()).find(|k| rules.ends.contains(k));
            if let Some(key) = end_key {
                break Ended::Key(key);
            }
            talked = talked.max(self.talks_until());
            let full = began + rules.max;
            let quiet = rules
                .silence
                .map(|silence| talked.unwrap_or(began) + silence);
            if full <= self.now() {
                break Ended::MaxLength;
            }
            if quiet.is_some_and(|quiet| quiet <= self.now()) {
                break Ended::Silence;
            }
            self.advance(quiet.unwrap_or(full).min(full));
        };
        let end = match ended {
            Ended::Silence => talked.unwrap_or(began) + KEPT_SILENCE,
            Ended::Key(_) | Ended::MaxLength | Ended::HungUp => self.now(),
        };
        let length = end.saturating_sub(began);
        recording.set_length(length);
        Take {
            length,
            spoken: talked.is_some(),
            ended,
        }
    }

    async fn dial_tone(&mut self) -> Result<(), HungUp> {
        self.check()?;
        self.fall_silent();
        self.saying = Some(vec![self.sound("[dial tone]".into(), TONE)]);
        Ok(())
    }

    /// Numbers that end with 0 to 3 are busy, not answered, unknown or can't be reached; others answer and hang up after a minute.
    async fn call_out(&mut self, _: &UserEntry, whom: &Outside) -> Result<Called, HungUp> {
        self.check()?;
        self.fall_silent();
        self.keys.clear();
        let (Outside::Number(number) | Outside::Help(number)) = whom;
        let not_reached = match number.chars().next_back() {
            Some('0') => Some(Announcement::Busy),
            Some('1') if matches!(whom, Outside::Number(_)) => Some(Announcement::NoAnswer),
            Some('2') if matches!(whom, Outside::Number(_)) => Some(Announcement::UnknownNumber),
            Some('3') => Some(Announcement::Unavailable),
            _ => None,
        };
        if let Some(why) = not_reached {
            return Ok(Called::NotReached(why));
        }
        let talk = self.sound(format!("[connected with {number}]"), TALK);
        let end = talk.to;
        self.saying = Some(vec![talk]);
        let mut last = None;
        loop {
            while let Some(key) = self.keys.pop_front() {
                if last.replace(key) == Some(Key::Star) && key == Key::Pound {
                    self.fall_silent();
                    return Ok(Called::Recalled);
                }
            }
            if end <= self.now() {
                self.fall_silent();
                return Ok(Called::Ended);
            }
            self.advance(end);
            self.check()?;
        }
    }

    fn took(&mut self, step: Step) {
        self.steps.insert(step);
    }
}

/// How long it takes to say this.
fn length(say: &Say<Sample>, text: &str) -> Duration {
    match say {
        Say::Pause(time) => *time,
        Say::Beep => BEEP,
        Say::Audio(sample) => sample.length(),
        Say::Prompt(_)
        | Say::Phrase { .. }
        | Say::Count { .. }
        | Say::Number(_)
        | Say::Digits(_)
        | Say::Spell(_)
        | Say::Date(_)
        | Say::Time(_)
        | Say::Moment(_)
        | Say::Duration(_)
        | Say::In { .. } => PER_LETTER * text.len() as u32,
    }
}

impl Audible for Sample {
    fn label(&self) -> String {
        self.name().to_owned()
    }
}

/// A caller knows a dial tone when he has heard it for so long; it goes on.
const TONE: Duration = Duration::from_secs(1);
/// So long people outside talk.
const TALK: Duration = Duration::from_mins(1);
/// So much of the silence that ends a recording is kept.
const KEPT_SILENCE: Duration = Duration::from_secs(1);
const PER_LETTER: Duration = Duration::from_millis(60);
const BEEP: Duration = Duration::from_millis(400);
const BETWEEN_KEYS: Duration = Duration::from_millis(100);
/// No call of a test is as long.
const ENDLESS: Duration = Duration::from_hours(20);
