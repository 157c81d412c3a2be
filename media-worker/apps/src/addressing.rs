//! Whom a message is for (spec MC-S1).

use std::collections::HashSet;
use std::time::Duration;

use crds::Directory;
use crds::directory::{AliasEntry, Target, UserEntry};
use crds::user::Permission;
use prompts::{PromptId, Say};

use crate::call::{Call, HungUp, Step, Way};
use crate::dial::{BETWEEN_DIGITS, LONGEST, TOLD_APART, answer, next_key};
use crate::login::Owner;
use crate::menu::{PATIENCE, TIMES};
use crate::naming::{alias_name, name_or_number};
use crate::{Key, Office};

/// What came of asking whom a message is for.
pub(crate) enum Addressed<'d> {
    /// These, each once, in the order in which they were chosen.
    To(Vec<&'d UserEntry>),
    /// Nobody: he wants to go back.
    Nobody,
    /// He does nothing any more.
    GaveUp,
}

/// Asks for extensions and groups until `#`. Each is named as soon as no longer number begins so,
/// when no further digit comes, or with `#`; a `#` right after the digits ends them and no more.
pub(crate) async fn address<'d, O: Office>(
    call: &mut impl Call<O>,
    office: &'d O,
    owner: &Owner<'_, O>,
) -> Result<Addressed<'d>, HungUp> {
    let directory = &**office.directory();
    let mut list = List::default();
    let everyone = everyone(directory, owner.user);
    let mut unanswered = 0;
    while unanswered < TIMES {
        call.play(&question(&list, everyone)).await?;
        let Some(key) = call.key(PATIENCE).await? else {
            unanswered += 1;
            continue;
        };
        unanswered = 0;
        if !key.is_digit() {
            took(call, Way::Key(key));
            if key == Key::Pound {
                return if list.chosen.is_empty() {
                    call.play(&[PromptId::ADDRESS_NONE.into()]).await?;
                    Ok(Addressed::Nobody)
                } else {
                    Ok(Addressed::To(list.chosen))
                };
            }
            continue;
        }
        let Some(entered) = read(call, directory, everyone, key).await? else {
            continue;
        };
        let named = meaning(directory, everyone, &entered.digits);
        let way = named.as_ref().map_or(Way::Dialled, |it| it.way(key));
        took(call, way);
        let words = match named {
            Some(named) => list.add(office, named).await,
            None => PromptId::ADDRESS_UNKNOWN.into(),
        };
        answer(call, words, entered.ended).await?;
    }
    took(call, Way::Nothing);
    Ok(Addressed::GaveUp)
}

/// Those chosen so far.
#[derive(Default)]
struct List<'d> {
    chosen: Vec<&'d UserEntry>,
    names: HashSet<&'d str>,
}

/// What was entered.
enum Named<'d> {
    User(&'d UserEntry),
    Alias(&'d AliasEntry, Vec<&'d UserEntry>),
    Everyone(Vec<&'d UserEntry>),
}

impl Named<'_> {
    /// The way that the log and the table of edges call it.
    fn way(&self, key: Key) -> Way {
        match self {
            Self::User(_) | Self::Alias(..) => Way::Dialled,
            Self::Everyone(_) => Way::Key(key),
        }
    }
}

impl<'d> List<'d> {
    /// Adds those who are not on the list; says who was meant, or that this adds nobody.
    async fn add<O: Office>(&mut self, office: &O, named: Named<'d>) -> Say<O::Audio> {
        let before = self.chosen.len();
        let words = match named {
            Named::User(user) => {
                self.insert_all(vec![user]);
                name_or_number(office, user).await
            }
            Named::Alias(alias, members) => {
                self.insert_all(members);
                alias_name(alias)
            }
            Named::Everyone(users) => {
                self.insert_all(users);
                PromptId::ADDRESS_EVERYONE_CHOSEN.into()
            }
        };
        if self.chosen.len() == before {
            return PromptId::ADDRESS_TWICE.into();
        }
        words
    }

    fn insert_all(&mut self, users: Vec<&'d UserEntry>) {
        for user in users {
            if self.names.insert(&user.name) {
                self.chosen.push(user);
            }
        }
    }
}

fn question<A>(list: &List<'_>, everyone: Option<&str>) -> Vec<Say<A>> {
    let mut question = vec![Say::Prompt(if list.chosen.is_empty() {
        PromptId::ADDRESS_FIRST
    } else {
        PromptId::ADDRESS_NEXT
    })];
    question.extend(everyone.map(|code| Say::Phrase {
        prompt: PromptId::ADDRESS_EVERYONE,
        with: vec![Say::Digits(code.to_owned())],
    }));
    question
}

/// The code that means everybody, for whoever may use it.
fn everyone<'d>(directory: &'d Directory, user: &UserEntry) -> Option<&'d str> {
    let code = &*directory.system().dial_plan.everyone;
    user.permissions
        .allows(Permission::SendToAll)
        .then_some(code)
}

/// Digits that were entered.
struct Entered {
    digits: String,
    /// With `#`, or by waiting: what comes next is no part of them.
    ended: bool,
}

/// Takes what follows the first digit; nothing, if `*` begins anew.
async fn read<O: Office>(
    call: &mut impl Call<O>,
    directory: &Directory,
    everyone: Option<&str>,
    first: Key,
) -> Result<Option<Entered>, HungUp> {
    let mut digits = String::from(first.as_char());
    loop {
        let is_everyone = everyone == Some(&digits);
        let is_complete =
            meaning(directory, None, &digits).is_some() && !goes_on(directory, &digits);
        if digits.len() == LONGEST || is_complete && !is_everyone {
            return Ok(Some(Entered {
                digits,
                ended: false,
            }));
        }
        let patience: Duration = if is_everyone {
            TOLD_APART
        } else {
            BETWEEN_DIGITS
        };
        match next_key(call, patience).await? {
            Some(key) if key.is_digit() => {
                call.take_key();
                digits.push(key.as_char());
            }
            Some(Key::Star) => {
                call.take_key();
                took(call, Way::Key(Key::Star));
                return Ok(None);
            }
            ended => {
                if ended.is_some() {
                    call.take_key();
                }
                return Ok(Some(Entered {
                    digits,
                    ended: true,
                }));
            }
        }
    }
}

/// Whom these digits mean.
fn meaning<'d>(
    directory: &'d Directory,
    everyone: Option<&str>,
    digits: &str,
) -> Option<Named<'d>> {
    if everyone == Some(digits) {
        return Some(Named::Everyone(everybody(directory)));
    }
    match directory.extension(digits)? {
        Target::User(name) => directory.user(name).map(Named::User),
        Target::Alias(name) => {
            let alias = directory.alias(name)?;
            let members: Vec<_> = directory.members(alias).collect();
            (!members.is_empty()).then_some(Named::Alias(alias, members))
        }
        Target::CallRoute(_)
        | Target::Conference(_)
        | Target::ConferenceCenter
        | Target::MessageCenter
        | Target::AutoAttendant(_)
        | Target::Queue(_)
        | Target::Monitor(_) => None,
    }
}

/// Every user, in the order of their numbers.
fn everybody(directory: &Directory) -> Vec<&UserEntry> {
    let mut users: Vec<_> = directory.users().collect();
    users.sort_by_key(|user| (&user.extension, &user.name));
    users
}

/// Whether a mailbox has a number that begins with these digits and has more.
fn goes_on(directory: &Directory, digits: &str) -> bool {
    directory.extensions().any(|(number, target)| {
        number.len() > digits.len()
            && number.starts_with(digits)
            && matches!(target, Target::User(_) | Target::Alias(_))
    })
}

fn took<O: Office>(call: &mut impl Call<O>, way: Way) {
    call.took(Step { menu: ADDRESS, way });
}

/// What the log calls the question whom a message is for.
pub(crate) const ADDRESS: &str = "address";
