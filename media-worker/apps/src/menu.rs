//! Menus as data: which key does what, and what is said about it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use prompts::{PromptId, Say};

use crate::call::{Call, HungUp, Step, Way};
use crate::dial::{Dialled, dial_after_star};
use crate::{Key, Office};

/// A menu: what one hears, and what the keys do.
#[derive(Clone, Debug)]
pub struct Menu<A: Clone + 'static> {
    /// What the log and the table of edges call it.
    pub name: &'static str,
    /// In the order in which they are spoken.
    pub choices: Cow<'static, [Choice<A>]>,
    /// What `*` does.
    pub star: Star,
}

/// One key of a menu. Of several with the same key, the first that is offered counts.
#[derive(Clone, Copy, Debug)]
pub struct Choice<A> {
    /// The key.
    pub key: Key,
    /// What it does.
    pub action: A,
    /// What is said about it; none: nothing.
    pub says: Option<PromptId>,
}

/// What `*` does in a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Star {
    /// It repeats the menu.
    Repeats,
    /// It repeats the menu, but `*` and an extension calls that extension: the two are told apart
    /// by a digit following within 2 s.
    RepeatsOrDials {
        /// What is said about the dialling; none: nothing.
        says: Option<PromptId>,
    },
}

/// What a caller chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked<A> {
    /// One of the choices.
    Action(A),
    /// `*` and this extension, which exists.
    Extension(Arc<str>),
    /// Nothing, however often the menu was spoken.
    Nothing,
}

impl<A> Choice<A> {
    /// A key, what it does, and what is said about it.
    pub const fn new(key: Key, action: A, says: PromptId) -> Self {
        Self {
            key,
            action,
            says: Some(says),
        }
    }

    /// A key that is not spoken of.
    pub const fn unspoken(key: Key, action: A) -> Self {
        Self {
            key,
            action,
            says: None,
        }
    }
}

impl<A: Copy> Menu<A> {
    /// The same menu with one more choice, unless its key does something already.
    #[must_use]
    pub fn with(&self, choice: Choice<A>) -> Self {
        let mut menu = self.clone();
        if menu.choices.iter().all(|other| other.key != choice.key) {
            menu.choices.to_mut().push(choice);
        }
        menu
    }

    /// Speaks `before` and then the choices that `offered` lets through, and waits for a key. The
    /// menu repeats: after 7 s without a key, three times in all. A key that is not offered says
    /// so and repeats the menu.
    pub async fn ask<O: Office>(
        &self,
        call: &mut impl Call<O>,
        office: &O,
        before: &[Say<O::Audio>],
        offered: impl Fn(A) -> bool,
    ) -> Result<Picked<A>, HungUp> {
        let spoken = self.spoken(&offered);
        let mut before = before;
        let mut unanswered = 0;
        while unanswered < TIMES {
            call.play(&[before, &spoken].concat()).await?;
            before = &[];
            let Some(key) = call.key(PATIENCE).await? else {
                unanswered += 1;
                continue;
            };
            unanswered = 0;
            if let Some(action) = self.action(key, &offered) {
                call.took(Step {
                    menu: self.name,
                    way: Way::Key(key),
                });
                return Ok(Picked::Action(action));
            }
            if key == Key::Star {
                if let Some(extension) = self.starred(call, office).await? {
                    return Ok(Picked::Extension(extension));
                }
                continue;
            }
            call.took(Step {
                menu: self.name,
                way: Way::Key(key),
            });
            call.play(&[PromptId::MENU_INVALID.into()]).await?;
        }
        call.took(Step {
            menu: self.name,
            way: Way::Nothing,
        });
        Ok(Picked::Nothing)
    }

    /// What a key does, if it is offered.
    pub fn action(&self, key: Key, offered: impl Fn(A) -> bool) -> Option<A> {
        let mut of_key = self.choices.iter().filter(|choice| choice.key == key);
        let choice = of_key.find(|choice| offered(choice.action))?;
        Some(choice.action)
    }

    /// Every way through this menu: all keys, those without a use included.
    pub fn ways(&self) -> Vec<Step> {
        let dialled = match self.star {
            Star::Repeats => None,
            Star::RepeatsOrDials { .. } => Some(Way::Dialled),
        };
        let keys = Key::ALL.into_iter().map(Way::Key);
        let ways = keys.chain(dialled).chain([Way::Nothing]);
        ways.map(|way| Step {
            menu: self.name,
            way,
        })
        .collect()
    }

    fn spoken<T>(&self, offered: impl Fn(A) -> bool) -> Vec<Say<T>> {
        let offered = self.choices.iter().filter(|choice| offered(choice.action));
        let spoken = offered.filter_map(|choice| choice.says).map(Say::from);
        let dialling = match self.star {
            Star::Repeats => None,
            Star::RepeatsOrDials { says } => says,
        };
        let star = [Some(PromptId::MENU_REPEAT), dialling]
            .into_iter()
            .flatten();
        spoken.chain(star.map(Say::from)).collect()
    }

    /// After `*`: the extension that was dialled, if any.
    async fn starred<O: Office>(
        &self,
        call: &mut impl Call<O>,
        office: &O,
    ) -> Result<Option<Arc<str>>, HungUp> {
        let dialled = match self.star {
            Star::Repeats => Dialled::Nothing,
            Star::RepeatsOrDials { .. } => dial_after_star(call, office).await?,
        };
        let way = match dialled {
            Dialled::Nothing => Way::Key(Key::Star),
            Dialled::Extension(_) | Dialled::Unknown => Way::Dialled,
        };
        call.took(Step {
            menu: self.name,
            way,
        });
        match dialled {
            Dialled::Nothing => Ok(None),
            Dialled::Extension(extension) => Ok(Some(extension)),
            Dialled::Unknown => {
                call.play(&[PromptId::ADDRESS_UNKNOWN.into()]).await?;
                Ok(None)
            }
        }
    }
}

/// For how long a menu waits for a key.
pub(crate) const PATIENCE: Duration = Duration::from_secs(7);
/// How often a menu is spoken to somebody who presses nothing.
pub(crate) const TIMES: u32 = 3;
