//! How a user is named to a caller.

use crds::directory::UserEntry;
use prompts::Say;

use crate::Office;

/// The user's recorded name, or his display name spelled, or, where its letters have no names
/// here, nothing.
pub(crate) async fn name_of<O: Office>(office: &O, user: &UserEntry) -> Option<Say<O::Audio>> {
    match office.spoken_name(user).await {
        Some(name) => Some(Say::Audio(name)),
        None if can_be_spelled(&user.display_name) => {
            Some(Say::Spell(user.display_name.to_string()))
        }
        None => None,
    }
}

/// Whether the catalogues know every letter: a name of which half is missing is worse than none.
fn can_be_spelled(name: &str) -> bool {
    let mut letters = name.chars().filter(|c| c.is_alphanumeric()).peekable();
    letters.peek().is_some() && letters.all(|c| c.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelled_only_if_all_its_letters_can_be_said() {
        assert!(can_be_spelled("Mary O'Neill-Smith"));
        assert!(!can_be_spelled("Zoë") && !can_be_spelled("李") && !can_be_spelled(" - "));
    }
}
