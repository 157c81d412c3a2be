//! From a message to the letter that brings it.

use crds::directory::{MailAuth, MailServer, System, UserEntry};
use crds::phone_system::SmtpTls;
use mail::{Attachment, BadLetter, Letter, Login, Ready, Security, Server};
use mailbox::{ErrandName, Mailbox, MailboxError, Message, Sender};
use media::recording::Recording;
use media::wav::{self, WavError};
use prompts::{Enclosed, Forwarder, MailTexts, Told};
use sha2::{Digest, Sha256};

/// What is mailed about one message.
pub(super) struct Subject<'a> {
    pub(super) name: &'a ErrandName,
    pub(super) message: &'a Message,
    pub(super) user: &'a UserEntry,
    pub(super) system: &'a System,
    pub(super) server: &'a MailServer,
    pub(super) address: &'a str,
}

/// The recordings of a message: first the message, then what forwarders said.
pub(super) async fn recordings(
    mailbox: &Mailbox,
    message: &Message,
) -> Result<Vec<Recording>, MailboxError> {
    let mut recordings = vec![mailbox.audio(&message.id).await?];
    for introduction in &message.introductions {
        recordings.push(mailbox.recording(&introduction.audio).await?);
    }
    Ok(recordings)
}

/// Writes the letter. It takes a while with a long recording.
pub(super) fn write(
    subject: &Subject<'_>,
    texts: &MailTexts,
    recordings: &[Recording],
    enclosed: Enclosed,
) -> Result<Ready, WriteError> {
    let Subject {
        message,
        user,
        system,
        ..
    } = subject;
    let (name, number) = sender(&message.sender);
    let received = message.received.to_zoned(user.time_zone.clone());
    let left = message.left.unwrap_or(message.received);
    let left = left.to_zoned(user.time_zone.clone());
    let forwarded = message.introductions.first().map(|last| {
        let (name, number) = sender(&last.by);
        Forwarder {
            name,
            number,
            when: &received,
        }
    });
    let words = texts.words(&Told {
        owner: &user.display_name,
        name,
        number,
        when: &left,
        forwarded,
        seconds: message.duration.as_secs(),
        partial: message.partial,
        enclosed,
    });
    let with_recording = matches!(enclosed, Enclosed::Recording | Enclosed::OnlyCopy);
    let attachments = recordings
        .iter()
        .enumerate()
        .filter(|_| with_recording)
        .map(|(index, recording)| attachment(index, &words.file, recording))
        .collect::<Result<_, _>>()?;
    let letter = Letter {
        from: &subject.server.from,
        to_name: &user.display_name,
        to: subject.address,
        subject: &words.subject,
        message_id: &message_id(subject.name, &system.domain),
        seconds: message.received.as_second(),
        text: &words.paragraphs.join("\r\n\r\n"),
        html: &html(&user.language, &words.paragraphs),
        attachments,
    };
    Ok(letter.compose()?)
}

/// Why a letter can't be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error(transparent)]
    Letter(#[from] BadLetter),
    #[error("a recording can't be made a WAV file: {0}")]
    Recording(#[from] WavError),
}

/// The server as it is spoken to, or which Secret is missing.
pub(super) fn server_of(server: &MailServer) -> Result<Server, String> {
    let (login, authority) = login_of(&server.login)?.unzip();
    Ok(Server {
        host: server.host.to_string(),
        port: server.port,
        security: match server.tls {
            SmtpTls::Off => Security::Off,
            SmtpTls::StartTls => Security::StartTls,
            SmtpTls::Tls => Security::Tls,
        },
        login,
        authority: authority.flatten(),
    })
}

/// Who logs in, if anybody, and who signs the server's certificate; or which Secret is missing.
pub(super) fn login_of(auth: &MailAuth) -> Result<Option<(Login, Option<String>)>, String> {
    match auth {
        MailAuth::Nobody => Ok(None),
        MailAuth::Missing(secret) => Err(format!(
            "the Secret {secret} with username and password is missing"
        )),
        MailAuth::Known(login) => Ok(Some((
            Login {
                username: login.username.clone(),
                password: login.password.clone(),
            },
            login.authority.clone(),
        ))),
    }
}

/// The same for ever, so that a letter that was sent twice can be known; the mailbox is nobody's business.
fn message_id(name: &ErrandName, domain: &str) -> String {
    let digest = Sha256::digest(name.mailbox.as_str().as_bytes());
    let mailbox = data_encoding::HEXLOWER.encode(digest.get(..8).unwrap_or_default());
    format!("{}.{mailbox}@{domain}", name.message)
}

fn sender(sender: &Sender) -> (Option<&str>, Option<&str>) {
    fn given(text: &str) -> Option<&str> {
        (!text.is_empty()).then_some(text)
    }
    match sender {
        Sender::Internal {
            extension, name, ..
        } => (given(name), given(extension)),
        Sender::External { number, name } => (
            name.as_deref().and_then(given),
            number.as_deref().and_then(given),
        ),
    }
}

/// 16-bit samples: what every program plays.
fn attachment(index: usize, file: &str, recording: &Recording) -> Result<Attachment, WavError> {
    let name = match index {
        0 => file.to_owned(),
        more => file.replace(".wav", &format!("-introduction-{more}.wav")),
    };
    let wav = wav::write(&recording.to_pcm())?;
    Ok(Attachment { name, wav })
}

fn html(language: &str, paragraphs: &[String]) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
    };
    let paragraphs: Vec<String> = paragraphs
        .iter()
        .map(|text| format!("<p>{}</p>", escape(text)))
        .collect();
    format!(
        "<!DOCTYPE html>\r\n<html lang=\"{}\"><body>\r\n{}\r\n</body></html>\r\n",
        escape(language),
        paragraphs.join("\r\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letters_name_is_the_same_each_time_and_another_for_each_mailbox() {
        let name = |mailbox: &str| ErrandName {
            mailbox: mailbox::MailboxId::new(mailbox).unwrap(),
            message: mailbox::MessageId::new("m1").unwrap(),
        };
        let id = |mailbox| message_id(&name(mailbox), "office.example.com");
        assert_eq!(id("mary"), id("mary"));
        assert_ne!(id("mary"), id("john"));
        assert!(!id("mary").contains("mary"));
    }

    #[test]
    fn a_name_that_a_caller_chose_is_no_html() {
        let html = html("en", &["<script>alert(1)</script> & \"more\"".to_owned()]);
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;"));
    }
}
