//! Mail servers, with who logs in there.
use super::{Known, secret};
use crate::{
    ObjectRef, Problem,
    conditions::Reason,
    credentials::MailLogin,
    directory::{MailAccount, MailAuth, MailServer, System, UserEntry},
    phone_system::Mail,
    reference::{SecretKeyRef, SecretRef},
    secrets::{MAIL_AUTHORITY, MAIL_PASSWORD, MAIL_USERNAME},
    user::{EmailMode, Imap},
};

/// The server that takes the system's e-mails.
pub(super) fn server(
    object: &ObjectRef,
    mail: &Mail,
    known: &Known<'_>,
    problems: &mut Vec<Problem>,
) -> MailServer {
    let smtp = &mail.smtp;
    let compiled = known.credentials.smtp();
    let field = "spec.mail.smtp.credentialsSecretRef";
    let login = match &smtp.credentials_secret_ref {
        Some(secret) => login(object, field, secret, compiled, known, problems),
        None => MailAuth::Nobody,
    };
    MailServer {
        host: smtp.host.as_str().into(),
        port: smtp.port,
        tls: smtp.tls,
        from: smtp.from.as_str().into(),
        login,
    }
}

/// A user's e-mail account.
pub(super) fn account(
    object: &ObjectRef,
    imap: &Imap,
    known: &Known<'_>,
    problems: &mut Vec<Problem>,
) -> MailAccount {
    let compiled = known.credentials.imap(&object.name);
    let field = "spec.voicemail.imap.credentialsSecretRef";
    let secret = &imap.credentials_secret_ref;
    MailAccount {
        host: imap.host.as_str().into(),
        port: imap.port,
        login: login(object, field, secret, compiled, known, problems),
    }
}

/// Mail that a user is to get and that nobody can send.
pub(super) fn check(
    object: &ObjectRef,
    user: &UserEntry,
    system: &System,
    problems: &mut Vec<Problem>,
) {
    let warning = |field| Problem::warning(object.clone(), field, Reason::MissingField);
    if user.email_mode == EmailMode::Off {
        return;
    }
    if user.email.is_none() {
        problems.push(
            warning("spec.email")
                .because("messages are to be mailed, and there is no address")
                .remedy("write the user's address, for example email: mary@example.com"),
        );
    }
    let is_there = !system.name.is_empty();
    if is_there && system.mail.is_none() {
        problems.push(
            warning("spec.voicemail.email")
                .because("messages are to be mailed, and the PhoneSystem has no mail server")
                .remedy("write PhoneSystem.spec.mail, or set the mode to \"Off\""),
        );
    }
}

fn login(
    object: &ObjectRef,
    field: &str,
    given: &SecretRef,
    compiled: Option<&MailLogin>,
    known: &Known<'_>,
    problems: &mut Vec<Problem>,
) -> MailAuth {
    if let Some(login) = compiled {
        return MailAuth::Known(login.clone().into());
    }
    let entry = |key: &str| SecretKeyRef {
        name: given.name.clone(),
        key: key.to_owned(),
    };
    let mut needed = |key| secret(known.secrets, &entry(key), object, field, problems);
    let (Some(username), Some(password)) = (needed(MAIL_USERNAME), needed(MAIL_PASSWORD)) else {
        return MailAuth::Missing(given.name.as_str().into());
    };
    let authority = known.secrets.text(&entry(MAIL_AUTHORITY));
    MailAuth::Known(MailLogin::new(username, password, authority).into())
}
