//! The last words of every application.

use prompts::{PromptId, Say};

use crate::{Call, Exit, HungUp, Office};

/// Says this and goodbye. Keys pressed before mean nothing any more and must not cut it short.
pub(crate) async fn farewell<O: Office>(
    call: &mut impl Call<O>,
    words: impl IntoIterator<Item = Say<O::Audio>>,
) -> Result<Exit, HungUp> {
    while call.take_key().is_some() {}
    let words: Vec<_> = words
        .into_iter()
        .chain([PromptId::MENU_GOODBYE.into()])
        .collect();
    call.play(&words).await?;
    Ok(Exit::Finished)
}
