//! The auto attendant: a greeting, keys to press, extensions to dial, names to find (spec AA-1).

pub(crate) mod by_name;
mod dialling;
mod greeting;

use std::sync::Arc;

use crds::directory::{AttendantEntry, AttendantMenu, Meaning, MenuChoice, TakenTo, Target};
use prompts::PromptId;

use crate::announcement::{Announcement, announce};
use crate::call::{Call, HungUp, Listener, Step, Way};
use crate::farewell::farewell;
use crate::leave_message::connect;
use crate::message_center::message_center_from_attendant;
use crate::{Exit, Office, Whose};
use by_name::Found;
use dialling::{Dialled, Entry, Vocabulary};

/// Where a caller has pressed nothing since he last pressed a key. It stays with his call, since attendants and routes may lead back to
/// where he was: nobody is sent round for ever.
#[derive(Debug, Default)]
pub struct Silence(Vec<Arc<str>>);

/// The attendant of this name, and those that it leads to.
pub async fn attendant<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    name: &str,
    silence: &mut Silence,
) -> Exit {
    visit(call, office, name, silence)
        .await
        .unwrap_or(Exit::HungUp)
}

async fn visit<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    name: &str,
    silence: &mut Silence,
) -> Result<Exit, HungUp> {
    let zone = call.listener().zone.clone();
    let mut name: Arc<str> = name.into();
    loop {
        let Some(attendant) = office.directory().attendant(&name) else {
            return Ok(announce(call, Announcement::Unavailable).await);
        };
        let language = call.chosen_language().unwrap_or(&attendant.language);
        let language = Arc::clone(language);
        call.set_listener(Listener {
            language,
            zone: zone.clone(),
        });
        let way = Visit { office, attendant };
        match way.greet(call, silence).await? {
            Next::Attendant(next) => name = next,
            Next::Leave(exit) => return Ok(exit),
        }
    }
}

/// Where a caller goes from an attendant.
enum Next {
    /// To the attendant of this name, which may be the same again.
    Attendant(Arc<str>),
    /// Away.
    Leave(Exit),
}

/// A caller at an attendant.
struct Visit<'o, O> {
    office: &'o O,
    attendant: &'o AttendantEntry,
}

impl<O: Office> Visit<'_, O> {
    /// The greeting, until the caller has chosen something, pressed nothing, or nothing of use three times.
    async fn greet(&self, call: &mut impl Call<O>, silence: &mut Silence) -> Result<Next, HungUp> {
        let menu = self.attendant.at(self.office.now());
        let greeting = greeting::greeting(self.office, self.attendant, menu, call.caller()).await;
        let mut wrong = 0;
        while wrong < ATTEMPTS {
            call.play(&greeting).await?;
            let caller = call.caller().clone();
            let vocabulary = Vocabulary {
                directory: self.office.directory(),
                caller: &caller,
                options: &menu.options,
                extensions: self.attendant.dials_extensions,
            };
            let dialled = dialling::dial(call, &vocabulary).await?;
            if !matches!(dialled, Dialled::Nothing) {
                silence.0.clear();
            }
            match dialled {
                Dialled::Nothing => return self.nothing(call, menu, silence).await,
                Dialled::Again => {}
                Dialled::Entry(Entry::Choice(MenuChoice::ByName)) => {
                    match Box::pin(by_name::find(call, self.office)).await? {
                        Found::Extension(number) => return self.number(call, &number).await,
                        Found::Back => {}
                        Found::Nothing => return self.nothing(call, menu, silence).await,
                    }
                }
                Dialled::Entry(Entry::Choice(MenuChoice::To(target))) => {
                    return self.take_to(call, &target).await;
                }
                Dialled::Entry(Entry::Number(number)) => return self.number(call, &number).await,
                Dialled::Unknown(prompt) => {
                    wrong += 1;
                    call.play(&[prompt.into()]).await?;
                }
            }
        }
        self.operator(call).await
    }

    /// A caller who presses nothing goes where the menu says. Who comes by here a second time in silence goes to the operator, and a
    /// third time nowhere.
    async fn nothing(
        &self,
        call: &mut impl Call<O>,
        menu: &AttendantMenu,
        silence: &mut Silence,
    ) -> Result<Next, HungUp> {
        let here = &self.attendant.name;
        silence.0.push(Arc::clone(here));
        match silence.0.iter().filter(|name| *name == here).count() {
            1 => self.take_to(call, &menu.no_key).await,
            2 => self.operator(call).await,
            _ => Ok(Next::Leave(farewell(call, []).await?)),
        }
    }

    async fn take_to(&self, call: &mut impl Call<O>, target: &TakenTo) -> Result<Next, HungUp> {
        match target {
            TakenTo::Operator => self.operator(call).await,
            TakenTo::Extension(number) => self.number(call, number).await,
            TakenTo::AutoAttendant(name) => Ok(Next::Attendant(Arc::clone(name))),
            TakenTo::MessageCenter => self.messages(call, Whose::Callers).await,
            TakenTo::Busy => Ok(Next::Leave(announce(call, Announcement::Busy).await)),
            TakenTo::Voicemail(_)
            | TakenTo::Queue(_)
            | TakenTo::Conference(_)
            | TakenTo::ConferenceCenter
            | TakenTo::Outside(_) => Ok(Next::Leave(Exit::TakenTo(target.clone()))),
        }
    }

    /// Where this number leads: to another menu, or out of here.
    async fn number(&self, call: &mut impl Call<O>, number: &str) -> Result<Next, HungUp> {
        match self.office.directory().interpret(number, call.caller()) {
            Meaning::Extension(Target::AutoAttendant(name)) => Ok(Next::Attendant(name)),
            Meaning::MessageCenter | Meaning::Extension(Target::MessageCenter) => {
                self.messages(call, Whose::Callers).await
            }
            Meaning::MessageCenterOf(user) => self.messages(call, Whose::Of(&user)).await,
            Meaning::LeaveMessage(_) => Ok(Next::Leave(Exit::Transfer(number.into()))),
            Meaning::Emergency { .. }
            | Meaning::User(_)
            | Meaning::Extension(_)
            | Meaning::ConferenceCenter
            | Meaning::Operator
            | Meaning::Outside { .. }
            | Meaning::Account { .. }
            | Meaning::Unknown => Ok(Next::Leave(connect(call, number.into()).await?)),
        }
    }

    /// The operator; goodbye where there is none.
    async fn operator(&self, call: &mut impl Call<O>) -> Result<Next, HungUp> {
        let directory = self.office.directory();
        let code = &directory.system().dial_plan.operator;
        if directory.extension(code).is_some() {
            return self.number(call, code).await;
        }
        Ok(Next::Leave(farewell(call, []).await?))
    }

    /// The message center, from which one comes back here.
    async fn messages(&self, call: &mut impl Call<O>, whose: Whose<'_>) -> Result<Next, HungUp> {
        let visit = message_center_from_attendant(call, self.office, whose);
        Ok(match Box::pin(visit).await? {
            Some(exit) => Next::Leave(exit),
            None => Next::Attendant(Arc::clone(&self.attendant.name)),
        })
    }
}

/// What was entered and has no use is told so.
const fn useless(digits: usize) -> PromptId {
    if digits <= 1 {
        PromptId::MENU_INVALID
    } else {
        PromptId::ADDRESS_UNKNOWN
    }
}

fn took<O: Office>(call: &mut impl Call<O>, way: Way) {
    call.took(Step {
        menu: ATTENDANT,
        way,
    });
}

/// What the log calls the keys at an attendant.
pub(crate) const ATTENDANT: &str = "attendant";
/// So many entries without a use lead to the operator.
const ATTEMPTS: u32 = 3;
