//! What callers of an attendant hear.

use crds::directory::{AttendantEntry, AttendantMenu, Caller, Meaning, MenuChoice, TakenTo};
use prompts::{PromptId, Say};

use crate::Office;
use crate::naming::name_of;

/// What was recorded for this hour, else a standard greeting that names the keys.
pub(super) async fn greeting<O: Office>(
    office: &O,
    attendant: &AttendantEntry,
    menu: &AttendantMenu,
    caller: &Caller,
) -> Vec<Say<O::Audio>> {
    if let Some(file) = &menu.greeting
        && let Some(audio) = office.shared_recording(file).await
    {
        return vec![Say::Audio(audio)];
    }
    standard(office, attendant, menu, caller).await
}

async fn standard<O: Office>(
    office: &O,
    attendant: &AttendantEntry,
    menu: &AttendantMenu,
    caller: &Caller,
) -> Vec<Say<O::Audio>> {
    let mut words = vec![PromptId::ATTENDANT_WELCOME.into()];
    if attendant.dials_extensions {
        words.push(PromptId::ATTENDANT_EXTENSION.into());
    }
    let mut options: Vec<_> = menu.options.iter().collect();
    options.sort_by_key(|(key, _)| **key);
    for (key, choice) in options {
        words.extend(option(office, *key, choice, caller).await);
    }
    let plan = &office.directory().system().dial_plan;
    let has_operator = office.directory().extension(&plan.operator).is_some();
    if has_operator && menu.no_key == TakenTo::Operator {
        words.push(Say::Phrase {
            prompt: PromptId::ATTENDANT_OPERATOR,
            with: vec![Say::Digits(plan.operator.clone())],
        });
    }
    words
}

/// What is said of an option; nothing of one that leads where there is no word for.
async fn option<O: Office>(
    office: &O,
    key: char,
    choice: &MenuChoice,
    caller: &Caller,
) -> Option<Say<O::Audio>> {
    let directory = office.directory();
    let (prompt, named) = match choice {
        MenuChoice::ByName => (PromptId::ATTENDANT_BY_NAME, None),
        MenuChoice::To(TakenTo::MessageCenter) => (PromptId::ATTENDANT_MESSAGES, None),
        MenuChoice::To(TakenTo::AutoAttendant(_)) => (PromptId::ATTENDANT_MORE, None),
        MenuChoice::To(TakenTo::Extension(number)) => {
            let meaning = directory.interpret(number, caller);
            let user = meaning.user().and_then(|user| directory.user(user));
            let name = match user {
                Some(user) => name_of(office, user).await,
                None => None,
            };
            match (name, meaning) {
                (Some(name), _) => (PromptId::ATTENDANT_OPTION, Some(name)),
                (None, Meaning::MessageCenter) => (PromptId::ATTENDANT_MESSAGES, None),
                (None, _) => (
                    PromptId::ATTENDANT_OPTION_EXTENSION,
                    Some(Say::Digits(number.to_string())),
                ),
            }
        }
        MenuChoice::To(TakenTo::Voicemail(user)) => {
            let name = name_of(office, directory.user(user)?).await?;
            (PromptId::ATTENDANT_OPTION, Some(name))
        }
        MenuChoice::To(
            TakenTo::Operator
            | TakenTo::Queue(_)
            | TakenTo::Conference(_)
            | TakenTo::ConferenceCenter
            | TakenTo::Outside(_)
            | TakenTo::Busy,
        ) => return None,
    };
    let with = named.into_iter().chain([Say::Digits(key.to_string())]);
    Some(Say::Phrase {
        prompt,
        with: with.collect(),
    })
}
