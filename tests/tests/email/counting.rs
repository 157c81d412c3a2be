//! E-mails counted at a real IMAP server.

use std::time::Duration;

use mail::{CountError, Login, MailCounts, Security, Server, count};
use switchboard_tests::dovecot::{Dovecot, PASSWORD, USERNAME};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn server(port: u16, authority: String) -> Server {
    Server {
        host: "localhost".to_owned(),
        port,
        security: Security::Tls,
        login: None,
        authority: Some(authority),
    }
}

pub(crate) fn login(password: &str) -> Login {
    Login {
        username: USERNAME.to_owned(),
        password: password.to_owned(),
    }
}

#[tokio::test]
async fn unread_and_read_mails_are_counted_and_stay_as_they_are() {
    let dovecot = Dovecot::start(2, 3);
    let server = server(dovecot.port(), dovecot.authority());
    for _ in 0..2 {
        let counts = count(&server, &login(PASSWORD), PATIENCE).await;
        assert_eq!(counts, Ok(MailCounts { unseen: 2, seen: 3 }));
    }
    dovecot.receive("one-more");
    let counts = count(&server, &login(PASSWORD), PATIENCE).await;
    assert_eq!(counts, Ok(MailCounts { unseen: 3, seen: 3 }));
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_repeated() {
    let dovecot = Dovecot::start(0, 0);
    let server = server(dovecot.port(), dovecot.authority());
    let refused = count(&server, &login("guessed"), PATIENCE)
        .await
        .unwrap_err();
    assert!(matches!(refused, CountError::LoginRefused(_)), "{refused}");
    assert!(!refused.to_string().contains("guessed"));
}

#[tokio::test]
async fn a_certificate_of_nobody_we_know_is_not_trusted() {
    let dovecot = Dovecot::start(1, 1);
    let strangers = Server {
        authority: None,
        ..server(dovecot.port(), dovecot.authority())
    };
    let error = count(&strangers, &login(PASSWORD), PATIENCE)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(!dovecot.log().contains("Login:"), "no password was sent");
}
