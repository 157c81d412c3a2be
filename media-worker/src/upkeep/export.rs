//! `media-worker mailbox export`: a user's mailbox as a folder of WAV files and JSON.

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use jiff::tz::TimeZone;
use mailbox::{
    AudioId, Folder, GreetingSlot, Mailbox, MailboxError, MailboxId, Message, MessageState, Sender,
};
use media::recording::Recording;
use media::wav;
use serde::Serialize;

use super::opened;
use crate::cli;

/// Writes a mailbox into a folder. Nothing of the mailbox is changed.
pub(super) async fn export(
    options: &cli::Export,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let id = MailboxId::new(&*options.user)?;
    let mailboxes = opened::mailboxes(opened::store(&options.store).await?)?;
    let mailbox = mailboxes.mailbox(&id);
    let contents = Contents::of(&mailbox).await?;
    if contents.is_empty() {
        bail!(
            "there is nothing in the mailbox {id}: give the User's name, such as mary; of a bucket the User's UID \
             (kubectl get user NAME -o jsonpath='{{.metadata.uid}}')"
        );
    }
    let folder = Target::begin(&options.folder)?;
    let exported = folder.mailbox(&mailbox, contents).await?;
    let json = serde_json::to_vec_pretty(&exported)?;
    folder.write("mailbox.json", &json)?;
    let missing = exported.without_recording();
    writeln!(
        out,
        "{}: {} messages, {} greetings",
        options.folder.display(),
        exported.messages.len(),
        exported.greetings.len()
    )?;
    if missing > 0 {
        writeln!(
            out,
            "{missing} recordings are missing or cannot be read: media-worker mailbox check names them"
        )?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a mailbox has.
struct Contents {
    messages: Vec<Message>,
    greetings: Vec<GreetingSlot>,
    name: Result<Option<Arc<Recording>>, MailboxError>,
}

impl Contents {
    async fn of(mailbox: &Mailbox) -> Result<Self, MailboxError> {
        // An index that can't be read is an error, not an empty mailbox.
        let greetings = mailbox.greetings().await?;
        let mut messages = mailbox.list(Folder::New).await;
        messages.extend(mailbox.list(Folder::Saved).await);
        messages.extend(mailbox.trash().await);
        Ok(Self {
            messages,
            greetings,
            name: mailbox.name().await,
        })
    }

    fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.greetings.is_empty() && matches!(self.name, Ok(None))
    }
}

/// All of a mailbox, as `mailbox.json` has it.
#[derive(Debug, Serialize)]
struct Exported {
    mailbox: String,
    messages: Vec<ExportedMessage>,
    greetings: Vec<ExportedAudio>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<ExportedAudio>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportedMessage {
    id: String,
    /// `new`, `saved` or `trash`.
    folder: &'static str,
    from: ExportedSender,
    received: String,
    seconds: f64,
    partial: bool,
    introductions: Vec<ExportedAudio>,
    /// The WAV file; none where the recording can't be read.
    file: Option<String>,
}

#[derive(Debug, Serialize)]
struct ExportedAudio {
    of: String,
    file: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct ExportedSender {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl Exported {
    fn without_recording(&self) -> usize {
        let messages = self.messages.iter().map(|message| &message.file);
        let introductions = self.messages.iter().flat_map(|it| &it.introductions);
        let others = introductions.chain(&self.greetings).chain(&self.name);
        messages
            .chain(others.map(|audio| &audio.file))
            .filter(|file| file.is_none())
            .count()
    }
}

impl From<&Sender> for ExportedSender {
    fn from(sender: &Sender) -> Self {
        match sender.clone() {
            Sender::Internal {
                user,
                extension,
                name,
            } => Self {
                user: Some(user),
                number: Some(extension),
                name: Some(name),
            },
            Sender::External { number, name } => Self {
                user: None,
                number,
                name,
            },
        }
    }
}

/// The folder that is written, for the eyes of who exports: what people have said is as private as in the state folder.
struct Target<'a>(&'a Path);

impl<'a> Target<'a> {
    fn begin(folder: &'a Path) -> anyhow::Result<Self> {
        let failed = || format!("{} can't be written", folder.display());
        let mut owners = DirBuilder::new();
        owners.mode(OWNERS_FOLDER);
        owners.recursive(true).create(folder).with_context(failed)?;
        if fs::read_dir(folder).with_context(failed)?.next().is_some() {
            bail!("{} is not empty: give another folder", folder.display());
        }
        for part in ["new", "saved", "trash", "greetings"] {
            owners.create(folder.join(part)).with_context(failed)?;
        }
        Ok(Self(folder))
    }

    async fn mailbox(&self, mailbox: &Mailbox, contents: Contents) -> anyhow::Result<Exported> {
        let Contents {
            messages,
            greetings,
            name,
        } = contents;
        let mut exported = Exported {
            mailbox: mailbox.id().to_string(),
            messages: Vec::with_capacity(messages.len()),
            greetings: Vec::new(),
            name: None,
        };
        for message in &messages {
            exported
                .messages
                .push(self.message(mailbox, message).await?);
        }
        for slot in greetings {
            let recording = mailbox.greeting(&slot).await;
            let file = format!("greetings/{slot}.wav");
            let file = self.audio(file, recording.map(|it| it.as_deref().cloned()))?;
            exported.greetings.push(ExportedAudio {
                of: slot.to_string(),
                file,
            });
        }
        if !matches!(name, Ok(None)) {
            let file = "name.wav".to_owned();
            let file = self.audio(file, name.map(|it| it.as_deref().cloned()))?;
            let of = "name".to_owned();
            exported.name = Some(ExportedAudio { of, file });
        }
        Ok(exported)
    }

    async fn message(
        &self,
        mailbox: &Mailbox,
        message: &Message,
    ) -> anyhow::Result<ExportedMessage> {
        let folder = match message.state {
            MessageState::New => "new",
            MessageState::Saved => "saved",
            MessageState::Trash { .. } => "trash",
        };
        let received = message.received.to_zoned(TimeZone::UTC);
        let time = received.strftime("%Y%m%d-%H%M%S");
        let stem = format!("{folder}/{time}-{}", message.id);
        let mut introductions = Vec::new();
        for (number, introduction) in (1..).zip(&message.introductions) {
            let recording = stored(mailbox, &introduction.audio).await;
            let by = ExportedSender::from(&introduction.by);
            introductions.push(ExportedAudio {
                of: by.name.or(by.number).unwrap_or_default(),
                file: self.audio(format!("{stem}-introduction-{number}.wav"), recording)?,
            });
        }
        let recording = mailbox.audio(&message.id).await.map(Some);
        Ok(ExportedMessage {
            id: message.id.to_string(),
            folder,
            from: (&message.sender).into(),
            received: message.received.to_string(),
            seconds: message.duration.as_secs_f64(),
            partial: message.partial,
            introductions,
            file: self.audio(format!("{stem}.wav"), recording)?,
        })
    }

    /// Writes a recording; the name of its file, or none where the recording can't be read.
    fn audio(
        &self,
        file: String,
        recording: Result<Option<Recording>, MailboxError>,
    ) -> anyhow::Result<Option<String>> {
        match recording {
            Ok(Some(recording)) => {
                self.write(&file, &wav::write(&recording.to_pcm())?)?;
                Ok(Some(file))
            }
            Ok(None)
            | Err(
                MailboxError::AudioMissing
                | MailboxError::AudioDamaged(_)
                | MailboxError::NoSuchMessage,
            ) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, file: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.0.join(file);
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(OWNERS_FILE)
            .open(&path);
        file.and_then(|mut file| file.write_all(bytes))
            .with_context(|| format!("{} can't be written", path.display()))
    }
}

async fn stored(mailbox: &Mailbox, audio: &AudioId) -> Result<Option<Recording>, MailboxError> {
    mailbox.recording(audio).await.map(Some)
}

const OWNERS_FOLDER: u32 = 0o700;
const OWNERS_FILE: u32 = 0o600;
