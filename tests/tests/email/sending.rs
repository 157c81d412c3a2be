//! Letters handed to a real SMTP server.

use mail::{Attachment, Letter, Login, Patience, Ready, Security, Server, SmtpError, SmtpSession};
use switchboard_tests::exim::{Exim, PASSWORD, USERNAME, nowhere};

pub(crate) fn letter(to: &str) -> Ready {
    written("Voicemail <voicemail@example.com>", to, 1000)
}

fn written(from: &str, to: &str, recording: usize) -> Ready {
    let letter = Letter {
        from,
        to_name: "Mary Miller",
        to,
        subject: "Voicemail from José",
        message_id: "m1.mary@office.example.com",
        seconds: 1_800_000_000,
        text: "Hello,\r\n.\r\na line with a dot alone went before this.",
        html: "<p>Hello</p>",
        attachments: vec![Attachment {
            name: "voicemail.wav".to_owned(),
            wav: vec![7; recording],
        }],
    };
    letter.compose().unwrap()
}

fn server(exim: &Exim, security: Security) -> Server {
    Server {
        host: "localhost".to_owned(),
        port: match security {
            Security::Tls => exim.tls(),
            Security::StartTls | Security::Off => exim.plain(),
        },
        security,
        login: Some(Login {
            username: USERNAME.to_owned(),
            password: PASSWORD.to_owned(),
        }),
        authority: Some(exim.authority()),
    }
}

async fn open(server: &Server) -> Result<SmtpSession, SmtpError> {
    SmtpSession::open(server, Patience::default()).await
}

#[tokio::test]
async fn letters_arrive_whole_over_starttls_and_over_tls() {
    let exim = Exim::start();
    for security in [Security::StartTls, Security::Tls] {
        let mut session = open(&server(&exim, security)).await.unwrap();
        session.send(&letter("mary@example.com")).await.unwrap();
        session.send(&letter("john@example.com")).await.unwrap();
        session.quit().await;
    }
    let mails = exim.expect_mails(4);
    for mail in &mails {
        assert!(mail.contains("Message-ID: <m1.mary@office.example.com>"));
        assert!(mail.contains("a line with a dot alone went before this."));
        assert!(mail.contains("\n.\n"), "the dot is a dot again: {mail}");
        assert!(mail.contains("filename=\"voicemail.wav\""));
        assert!(mail.contains("with esmtpsa"), "secured and logged in");
    }
    let to = |address: &str| mails.iter().filter(|mail| mail.contains(address)).count();
    assert_eq!(
        (to("for mary@example.com"), to("for john@example.com")),
        (2, 2)
    );
}

#[tokio::test]
async fn a_wrong_password_is_told_from_a_server_that_is_away() {
    let exim = Exim::start();
    let mut wrong = server(&exim, Security::StartTls);
    wrong.login = Some(Login {
        username: USERNAME.to_owned(),
        password: "guessed".to_owned(),
    });
    let refused = open(&wrong).await.err().unwrap();
    assert!(matches!(refused, SmtpError::LoginRefused(_)), "{refused}");
    assert!(!refused.to_string().contains("guessed"), "{refused}");
    let away = Server {
        port: nowhere().port(),
        ..server(&exim, Security::Tls)
    };
    let away = open(&away).await.err().unwrap();
    assert!(matches!(away, SmtpError::Away(_)), "{away}");
}

#[tokio::test]
async fn a_certificate_of_nobody_we_know_is_not_trusted() {
    let exim = Exim::start();
    for security in [Security::StartTls, Security::Tls] {
        let strangers = Server {
            authority: None,
            ..server(&exim, security)
        };
        let error = open(&strangers).await.err().unwrap();
        assert!(error.to_string().contains("certificate"), "{error}");
        let other_name = Server {
            host: "127.0.0.1".to_owned(),
            ..server(&exim, security)
        };
        let error = open(&other_name).await.err().unwrap();
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    assert!(exim.mails().is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_letter_does_not_end_the_session() {
    let exim = Exim::start();
    let mut session = open(&server(&exim, Security::Tls)).await.unwrap();
    let unknown = session.send(&letter("nobody@example.com")).await.err();
    assert!(
        matches!(unknown, Some(SmtpError::Refused(_))),
        "{unknown:?}"
    );
    session.reset().await.unwrap();
    let large = written("voicemail@example.com", "mary@example.com", 2 << 20);
    let large = session.send(&large).await.err();
    assert!(matches!(large, Some(SmtpError::TooLarge(_))), "{large:?}");
    session.reset().await.unwrap();
    exim.take_nothing_now(true);
    let later = session.send(&letter("mary@example.com")).await.err();
    assert!(matches!(later, Some(SmtpError::NotNow(_))), "{later:?}");
    exim.take_nothing_now(false);
    session.reset().await.unwrap();
    let wrong = written("wrong@example.com", "mary@example.com", 10);
    let wrong = session.send(&wrong).await.err();
    assert!(
        matches!(wrong, Some(SmtpError::SenderRefused(_))),
        "{wrong:?}"
    );
    session.reset().await.unwrap();
    session.send(&letter("mary@example.com")).await.unwrap();
    session.quit().await;
    assert_eq!(exim.expect_mails(1).len(), 1);
}
