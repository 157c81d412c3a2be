//! Mail servers that hang, lie and talk nonsense: each is given up in bounded time and memory, and nothing goes over in the clear.

use std::sync::Arc;
use std::time::Duration;

use mail::{CountError, Login, Patience, Security, Server, SmtpError, SmtpSession, count};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, pki_types::PrivateKeyDer};

use crate::counting::{PATIENCE, login, server};
use crate::sending::letter;

/// What a server of the test says, in order: first its greeting, then an answer to each line. `None`: it says nothing more, and stays.
type Script = &'static [Option<&'static str>];

/// Plays a server for one connection; what it was told comes out.
async fn plays(script: Script) -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        play(stream, script, tell).await;
    });
    (port, told)
}

async fn play(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    script: Script,
    tell: mpsc::UnboundedSender<String>,
) {
    let mut stream = BufReader::new(stream);
    for answer in script {
        let Some(answer) = answer else {
            std::future::pending::<()>().await;
            return;
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let _ = tell.send(line);
    }
}

fn smtp(port: u16, security: Security) -> Server {
    Server {
        host: "localhost".to_owned(),
        port,
        security,
        login: None,
        authority: None,
    }
}

/// For who hangs. Where an answer is to come, it is waited for.
fn hasty() -> Patience {
    Patience {
        opening: Duration::from_secs(2),
        answer: Duration::from_secs(2),
        taking: Duration::from_secs(2),
    }
}

async fn opened(script: Script, security: Security) -> Result<SmtpSession, SmtpError> {
    let (port, _told) = plays(script).await;
    SmtpSession::open(&smtp(port, security), hasty()).await
}

fn is_away<T>(outcome: &Result<T, SmtpError>) -> bool {
    matches!(outcome, Err(SmtpError::Away(_)))
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    for security in [Security::Off, Security::StartTls, Security::Tls] {
        assert!(is_away(&opened(&[None], security).await));
    }
    assert!(is_away(
        &opened(&[Some("220 hello\r\n"), None], Security::Off).await
    ));
    let (port, _told) = plays(&[
        Some("220 hello\r\n"),
        Some("250 fine\r\n"),
        Some("250 from him\r\n"),
        Some("250 to her\r\n"),
        Some("354 go on\r\n"),
        None,
    ])
    .await;
    let patience = Patience {
        taking: hasty().taking,
        ..Patience::default()
    };
    let mut session = SmtpSession::open(&smtp(port, Security::Off), patience)
        .await
        .unwrap();
    assert!(is_away(&session.send(&letter("mary@example.com")).await));
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_where_starttls_is_not_to_be_had() {
    let (port, mut told) = plays(&[
        Some("220 hello\r\n"),
        Some("250-fine\r\n250 AUTH PLAIN\r\n"),
        Some("235 welcome\r\n"),
    ])
    .await;
    let server = Server {
        login: Some(Login {
            username: "voicemail".to_owned(),
            password: "secret".to_owned(),
        }),
        ..smtp(port, Security::StartTls)
    };
    let outcome = SmtpSession::open(&server, Patience::default()).await;
    let error = outcome.err().unwrap();
    assert!(error.to_string().contains("STARTTLS"), "{error}");
    let mut said = Vec::new();
    while let Some(line) = told.recv().await {
        said.push(line);
    }
    assert_eq!(said.len(), 1, "EHLO alone: {said:?}");
    // Words that were slipped in before TLS are not taken for the server's.
    let injected: Script = &[
        Some("220 hello\r\n"),
        Some("250-fine\r\n250 STARTTLS\r\n"),
        Some("220 go on\r\n250 a stranger's word\r\n"),
        None,
    ];
    assert!(is_away(&opened(injected, Security::StartTls).await));
}

#[tokio::test]
async fn nonsense_and_lies_are_no_success() {
    for greeting in [
        "\0\u{1}\u{2}garbage\r\n",
        "HTTP/1.1 200 OK\r\n",
        "999 what\r\n",
        "220\r\n",
    ] {
        let script: Script = match greeting {
            "220\r\n" => &[Some("220\r\n"), Some("nonsense\r\n")],
            "999 what\r\n" => &[Some("999 what\r\n"), None],
            "HTTP/1.1 200 OK\r\n" => &[Some("HTTP/1.1 200 OK\r\n"), None],
            _ => &[Some("\0\u{1}\u{2}garbage\r\n"), None],
        };
        for security in [Security::Off, Security::StartTls] {
            assert!(is_away(&opened(script, security).await), "{greeting:?}");
        }
    }
    // It says that it has the letter before it was sent.
    let (port, _told) = plays(&[
        Some("220 hello\r\n"),
        Some("250 fine\r\n"),
        Some("250 from him\r\n"),
        Some("250 to her\r\n"),
        Some("250 got it\r\n"),
        None,
    ])
    .await;
    let mut session = SmtpSession::open(&smtp(port, Security::Off), Patience::default())
        .await
        .unwrap();
    assert!(is_away(&session.send(&letter("mary@example.com")).await));
}

/// What becomes of a letter whose recipient is answered so.
async fn refused_at_rcpt(answer: &'static str) -> SmtpError {
    refused_to("mary@example.com", answer).await
}

async fn refused_to(address: &str, answer: &'static str) -> SmtpError {
    let script = vec![
        Some("220 hello\r\n"),
        Some("250 fine\r\n"),
        Some("250 from him\r\n"),
        Some(answer),
        None,
    ];
    let (port, _told) = plays(script.leak()).await;
    let mut session = SmtpSession::open(&smtp(port, Security::Off), Patience::default())
        .await
        .unwrap();
    let sent = session.send(&letter(address)).await;
    sent.err().unwrap()
}

#[tokio::test]
async fn a_client_or_sender_that_is_refused_at_the_recipient_is_told_from_a_wrong_recipient() {
    for ours in [
        "554 5.7.1 <mary@example.com>: Relay access denied\r\n",
        "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied\r\n",
        "553 5.7.1 <voicemail@example.com>: Sender address rejected: not owned by user\r\n",
        "550-5.7.25 The address of the sender has no\r\n550 5.7.25 name\r\n",
        "550 5.1.8 <voicemail@example.com>: Sender address rejected: Domain not found\r\n",
        "550 5.1.7 a bad sender\r\n",
        "530 5.7.0 Authentication required\r\n",
        "530 Authentication required\r\n",
        "550 relay not permitted\r\n",
        "550 Relaying denied\r\n",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)\r\n",
        "550 authentication required\r\n",
    ] {
        let error = refused_at_rcpt(ours).await;
        assert!(matches!(error, SmtpError::NotRelayed(_)), "{error:?}");
    }
    for theirs in [
        "550 5.1.1 <mary@example.com>: Recipient address rejected: User unknown\r\n",
        "550 5.1.10 nobody of that name\r\n",
        "501 5.1.3 bad recipient address syntax\r\n",
    ] {
        let error = refused_at_rcpt(theirs).await;
        assert!(matches!(error, SmtpError::Unknown(_)), "{error:?}");
    }
    for either in [
        "550 nobody of that name\r\n",
        "550 5.2.1 the mailbox is disabled\r\n",
        "550 5.7 not a status code\r\n",
        "550 4.7.1 of another class\r\n",
    ] {
        let error = refused_at_rcpt(either).await;
        assert!(matches!(error, SmtpError::Refused(_)), "{error:?}");
    }
    let address = "mary@relay.example.com";
    let error = refused_to(address, "550 <mary@relay.example.com> is unknown\r\n").await;
    assert!(matches!(error, SmtpError::Refused(_)), "{error:?}");
    let later = refused_at_rcpt("450 4.7.1 come again later\r\n").await;
    assert!(matches!(later, SmtpError::NotNow(_)), "{later:?}");
    let closing = refused_at_rcpt("421 4.7.0 too many of you\r\n").await;
    assert!(matches!(closing, SmtpError::Away(_)), "{closing:?}");
}

/// Says `x` for as long as anybody listens, and counts.
async fn babble(mut stream: impl AsyncWrite + Unpin) -> usize {
    let words = [b'x'; 4096];
    let mut said = 0;
    while said < BABBLED && stream.write_all(&words).await.is_ok() {
        said += words.len();
    }
    said
}

#[tokio::test]
async fn a_line_without_an_end_is_given_up_long_before_its_end() {
    for security in [Security::Off, Security::StartTls] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let babbling = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"220 ").await.unwrap();
            babble(stream).await
        });
        let patient = Patience {
            opening: Duration::from_mins(1),
            ..hasty()
        };
        let outcome = SmtpSession::open(&smtp(port, security), patient).await;
        assert!(is_away(&outcome));
        let said = babbling.await.unwrap();
        assert!(said < BABBLED, "it was heard to the end");
    }
}

/// A server with TLS under a certificate of its own, and that certificate.
async fn tls_server() -> (TcpListener, TlsAcceptor, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener, TlsAcceptor::from(Arc::new(config)), cert.pem())
}

async fn counted(script: Script, patience: Duration) -> Result<mail::MailCounts, CountError> {
    let (listener, acceptor, authority) = tls_server().await;
    let port = listener.local_addr().unwrap().port();
    let (tell, _told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (stream, _): (TcpStream, _) = listener.accept().await.unwrap();
        if let Ok(stream) = acceptor.accept(stream).await {
            play(stream, script, tell).await;
        }
    });
    count(&server(port, authority), &login("secret"), patience).await
}

#[tokio::test]
async fn an_imap_server_that_hangs_or_talks_nonsense_is_given_up() {
    let soon = Duration::from_secs(2);
    let scripts: [Script; 6] = [
        &[None],
        &[Some("* OK hello\r\n"), None],
        &[Some("\0\0\0garbage\r\n"), Some("more of it\r\n"), None],
        &[
            Some("* OK hello\r\n"),
            Some("A9999 OK of somebody else\r\n"),
            None,
        ],
        &[Some("* BYE\r\n")],
        &[
            Some("* OK hello\r\n"),
            Some("A0001 OK in\r\n"),
            Some("* STATUS INBOX (MESSAGES many)\r\n"),
            None,
        ],
    ];
    for script in scripts {
        let outcome = counted(script, soon).await;
        assert!(outcome.is_err(), "{script:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn more_unread_mails_than_mails_are_no_trouble() {
    let lies: Script = &[
        Some("* OK hello\r\n"),
        Some("A0001 OK in\r\n"),
        Some("* STATUS INBOX (MESSAGES 1 UNSEEN 4294967295)\r\nA0002 OK\r\n"),
        Some("* BYE\r\nA0003 OK\r\n"),
    ];
    let counts = counted(lies, PATIENCE).await.unwrap();
    assert_eq!((counts.unseen, counts.seen), (u32::MAX, 0));
}

#[tokio::test]
async fn an_imap_line_of_ten_megabytes_is_given_up_long_before_its_end() {
    let (listener, acceptor, authority) = tls_server().await;
    let port = listener.local_addr().unwrap().port();
    let babbling = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream.write_all(b"* OK ").await.unwrap();
        babble(stream).await
    });
    let outcome = count(&server(port, authority), &login("secret"), PATIENCE).await;
    assert!(matches!(outcome, Err(CountError::Away(_))), "{outcome:?}");
    assert!(babbling.await.unwrap() < BABBLED, "it was heard to the end");
}

/// Ten megabytes: more than the machine's own buffers take on the way.
const BABBLED: usize = 10 << 20;
