//! Handing letters to an SMTP server (RFC 5321), secured and logged in as asked for.

use std::net::SocketAddr;
use std::time::Duration;
use std::{future::Future, io};

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::bounded::{self, Bounded, Stream};
use crate::letter::Ready;
use crate::server::{Patience, Security, Server};
use crate::tls;

/// Why a letter was not taken.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SmtpError {
    /// The server is not reached, does not answer, or talks nonsense. Trying again may help, with any letter.
    #[error("the mail server cannot be used: {0}")]
    Away(String),
    /// It does not accept who logs in.
    #[error("the mail server refuses the login: {0}")]
    LoginRefused(String),
    /// It takes no mail from our sender, to whomever.
    #[error("the mail server takes no mail from our sender: {0}")]
    SenderRefused(String),
    /// It takes no mail from us to this recipient, as a relay that serves some domains only. He is not to blame, and others may get theirs.
    #[error("the mail server takes no mail from us to this recipient: {0}")]
    NotRelayed(String),
    /// It does not take this letter now (4xx).
    #[error("the mail server does not take it now: {0}")]
    NotNow(String),
    /// It knows no such recipient (5.1.x).
    #[error("the mail server knows no such recipient: {0}")]
    Unknown(String),
    /// It will never take this letter (5xx).
    #[error("the mail server refuses it: {0}")]
    Refused(String),
    /// It will never take a letter of this size (552).
    #[error("the mail server refuses it, as it is too large: {0}")]
    TooLarge(String),
}

/// A connection to a server that is ready to take letters, one after the other.
pub struct SmtpSession {
    connection: AsyncSmtpConnection,
    patience: Patience,
    sent: u32,
}

impl SmtpSession {
    /// Connects, secures the connection and logs in.
    pub async fn open(server: &Server, patience: Patience) -> Result<Self, SmtpError> {
        let opened = timeout(patience.opening, open(server)).await;
        let connection = opened.unwrap_or_else(|_| Err(too_slow(patience.opening)))?;
        Ok(Self {
            connection,
            patience,
            sent: 0,
        })
    }

    /// Hands over a letter. Once this has returned without an error, the server answers for it.
    ///
    /// After an error of the letter itself another one may be sent; after any other the session is over.
    pub async fn send(&mut self, letter: &Ready) -> Result<(), SmtpError> {
        self.sent += 1;
        let envelope = &letter.envelope;
        let mut parameters = Vec::new();
        if !is_ascii(envelope) {
            if !self
                .connection
                .server_info()
                .supports_feature(Extension::SmtpUtfEight)
            {
                let why = "it takes no addresses with letters beyond ASCII";
                return Err(SmtpError::Refused(why.to_owned()));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let mail = Mail::new(envelope.from().cloned(), parameters);
        self.command(mail).await.map_err(Failed::of_the_sender)?;
        for to in envelope.to() {
            let rcpt = Rcpt::new(to.clone(), Vec::new());
            let taken = self.command(rcpt).await;
            taken.map_err(|failed| failed.of_the_recipient(to.as_ref()))?;
        }
        let begun = self.command(Data).await.map_err(Failed::of_the_letter)?;
        if begun != BEGIN {
            let why = format!("it answers DATA with {begun}");
            return Err(SmtpError::Away(why));
        }
        let taking = self.connection.message(&letter.bytes);
        let taken = bounded_wait(self.patience.taking, taking).await;
        taken.map(|_| ()).map_err(Failed::of_the_letter)
    }

    /// Whether another letter may be sent here.
    pub fn takes_more(&self) -> bool {
        self.sent < MOST_LETTERS && !self.connection.has_broken()
    }

    /// Ends a letter that was refused, so that the next can begin.
    pub async fn reset(&mut self) -> Result<(), SmtpError> {
        let reset = lettre::transport::smtp::commands::Rset;
        let done = self.command(reset).await;
        done.map(|_| ()).map_err(Failed::of_the_server)
    }

    /// Says goodbye.
    pub async fn quit(mut self) {
        // The letters are taken whatever becomes of the farewell.
        let _ = timeout(self.patience.answer, self.connection.quit()).await;
    }

    /// The code of the answer.
    async fn command(&mut self, command: impl std::fmt::Display) -> Result<u16, Failed> {
        let answering = self.connection.command(command);
        let answer = bounded_wait(self.patience.answer, answering).await?;
        Ok(u16::from(answer.code()))
    }
}

fn is_ascii(envelope: &Envelope) -> bool {
    let mut addresses = envelope.to().iter().chain(envelope.from());
    addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii())
}

async fn open(server: &Server) -> Result<AsyncSmtpConnection, SmtpError> {
    let stream = tls::connect(server).await.map_err(|error| away(&error))?;
    let (near, far) = addresses(&stream).map_err(|error| away(&error))?;
    let hello = match near {
        SocketAddr::V4(address) => ClientId::Ipv4(*address.ip()),
        SocketAddr::V6(address) => ClientId::Ipv6(*address.ip()),
    };
    let stream: Bounded<Box<dyn Stream>> = match server.security {
        Security::Off => Bounded::new(Box::new(stream), MOST_SAID),
        Security::Tls => Bounded::new(Box::new(secured(server, stream).await?), MOST_SAID),
        Security::StartTls => {
            let stream = start_tls(stream, &hello)
                .await
                .map_err(|error| away(&error))?;
            let stream = secured(server, stream).await?;
            // The server has greeted already, before the connection was secured.
            Bounded::new(Box::new(stream) as Box<dyn Stream>, MOST_SAID).after(b"220 secured\r\n")
        }
    };
    let stream = Box::new(Far { stream, far });
    let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &hello)
        .await
        .map_err(|error| SmtpError::Away(words(&error)))?;
    if let Some(login) = &server.login {
        let credentials = Credentials::new(login.username.clone(), login.password.clone());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let answer = connection.auth(&mechanisms, &credentials).await;
        answer.map_err(|error| match error.status().map(u16::from) {
            Some(code) if error.is_permanent() && code != NOT_SUPPORTED => {
                SmtpError::LoginRefused(words(&error))
            }
            None if error.is_client() => SmtpError::LoginRefused(words(&error)),
            Some(_) | None => SmtpError::Away(words(&error)),
        })?;
    }
    Ok(connection)
}

async fn secured(server: &Server, stream: TcpStream) -> Result<impl Stream + 'static, SmtpError> {
    let secured = tls::secure(server, stream).await;
    secured.map_err(|error| SmtpError::Away(format!("TLS: {error}")))
}

fn addresses(stream: &TcpStream) -> io::Result<(SocketAddr, SocketAddr)> {
    Ok((stream.local_addr()?, stream.peer_addr()?))
}

/// Agrees on TLS, or fails: what was not asked to be in the clear is not sent in the clear (RFC 3207).
async fn start_tls(stream: TcpStream, hello: &ClientId) -> io::Result<TcpStream> {
    let mut stream = BufReader::new(stream);
    expect(&mut stream, "220").await?;
    stream
        .write_all(format!("EHLO {hello}\r\n").as_bytes())
        .await?;
    let offers = expect(&mut stream, "250").await?;
    if !offers
        .iter()
        .any(|offer| offer.eq_ignore_ascii_case("STARTTLS"))
    {
        return Err(io::Error::other(
            "it does not offer STARTTLS: set tls to Tls or another port",
        ));
    }
    stream.write_all(b"STARTTLS\r\n").await?;
    expect(&mut stream, "220").await?;
    // Whatever came in the clear after that would be taken for something said in secret.
    if !stream.buffer().is_empty() {
        return Err(io::Error::other("it talks on before TLS"));
    }
    Ok(stream.into_inner())
}

/// The lines of an answer, which must bear this code.
async fn expect(from: &mut BufReader<TcpStream>, code: &str) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    while lines.len() < MOST_LINES {
        let line = bounded::line(from).await?;
        let Some(rest) = line.strip_prefix(code) else {
            return Err(io::Error::other(format!("it says: {}", printable(&line))));
        };
        let Some(more) = rest.strip_prefix('-') else {
            lines.push(rest.trim_start().to_owned());
            return Ok(lines);
        };
        lines.push(more.to_owned());
    }
    Err(io::Error::other("an answer does not end"))
}

/// Why an exchange failed, without what it was about.
enum Failed {
    Answer {
        code: u16,
        status: Option<Status>,
        words: String,
    },
    Broken(String),
}

/// Subject and detail of an enhanced status code (RFC 3463): of 5.7.1 the 7 and the 1.
type Status = (u16, u16);

impl Failed {
    fn of_the_server(self) -> SmtpError {
        match self {
            Self::Answer { words, .. } | Self::Broken(words) => SmtpError::Away(words),
        }
    }

    fn of_the_sender(self) -> SmtpError {
        match self {
            Self::Answer { code, words, .. } if code == SHUTTING_DOWN => SmtpError::Away(words),
            Self::Answer { code, words, .. } if code >= PERMANENT => {
                SmtpError::SenderRefused(words)
            }
            Self::Answer { words, .. } => SmtpError::NotNow(words),
            Self::Broken(words) => SmtpError::Away(words),
        }
    }

    /// Many servers, such as Postfix, say only here that they don't like the client or the sender.
    fn of_the_recipient(self, address: &str) -> SmtpError {
        match self {
            Self::Answer {
                code,
                status,
                words,
            } if is_about_us(code, status, &words.replace(address, "")) => {
                SmtpError::NotRelayed(words)
            }
            Self::Answer {
                code,
                status: Some((ADDRESSES, _)),
                words,
            } if code >= PERMANENT => SmtpError::Unknown(words),
            other @ (Self::Answer { .. } | Self::Broken(_)) => other.of_the_letter(),
        }
    }

    fn of_the_letter(self) -> SmtpError {
        match self {
            Self::Answer { code, words, .. } if code == SHUTTING_DOWN => SmtpError::Away(words),
            Self::Answer { code, words, .. } if code == TOO_LARGE => SmtpError::TooLarge(words),
            Self::Answer { code, words, .. } if code >= PERMANENT => SmtpError::Refused(words),
            Self::Answer { words, .. } => SmtpError::NotNow(words),
            Self::Broken(words) => SmtpError::Away(words),
        }
    }
}

/// Whether who is refused at a recipient is the client or the sender, and not the recipient. Where no status tells, the words do.
fn is_about_us(code: u16, status: Option<Status>, words: &str) -> bool {
    if code == LOGIN_FIRST {
        return true;
    }
    let about_us = if let Some((subject, detail)) = status {
        subject == POLICY || (subject == ADDRESSES && BAD_SENDER.contains(&detail))
    } else {
        let words = words.to_ascii_lowercase();
        RELAYING.iter().any(|it| words.contains(it))
    };
    about_us && REFUSALS.contains(&code)
}

/// The enhanced status code that a refusal for good begins with, if it does.
fn status(error: &lettre::transport::smtp::Error) -> Option<Status> {
    let said = std::error::Error::source(error)?.to_string();
    let mut parts = said.split_whitespace().next()?.split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    let is_status = class == "5" && parts.next().is_none();
    is_status.then_some((subject.parse().ok()?, detail.parse().ok()?))
}

async fn bounded_wait<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, Failed> {
    match timeout(patience, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(match error.status() {
            Some(code) => Failed::Answer {
                code: code.into(),
                status: status(&error),
                words: words(&error),
            },
            None => Failed::Broken(words(&error)),
        }),
        Err(_) => Err(Failed::Broken(slow(patience))),
    }
}

fn too_slow(patience: Duration) -> SmtpError {
    SmtpError::Away(slow(patience))
}

fn slow(patience: Duration) -> String {
    format!("it has not answered for {} s", patience.as_secs())
}

fn away(error: &io::Error) -> SmtpError {
    SmtpError::Away(printable(&error.to_string()))
}

fn words(error: &lettre::transport::smtp::Error) -> String {
    printable(&error.to_string())
}

/// What a server says, as it may be logged.
pub(crate) fn printable(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(LONGEST_QUOTE).collect()
}

/// A connection that remembers its far side, as lettre asks.
#[derive(Debug)]
struct Far {
    stream: Bounded<Box<dyn Stream>>,
    far: SocketAddr,
}

impl AsyncTokioStream for Far {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.far)
    }
}

impl AsyncRead for Far {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Far {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::pin::Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// "Start mail input" (RFC 5321 section 4.2.3).
const BEGIN: u16 = 354;
/// "Service not available, closing transmission channel".
const SHUTTING_DOWN: u16 = 421;
const PERMANENT: u16 = 500;
/// "Exceeded storage allocation", which servers say of size (RFC 1870 section 6.1).
const TOO_LARGE: u16 = 552;
/// "Authentication required" (RFC 4954 section 6).
const LOGIN_FIRST: u16 = 530;
/// Codes that servers refuse a client or a sender with.
const REFUSALS: [u16; 3] = [550, 553, 554];
/// Subjects of enhanced status codes (RFC 3463 section 2).
const ADDRESSES: u16 = 1;
const POLICY: u16 = 7;
/// "Bad sender's mailbox address syntax" and "Bad sender's system address", X.1.7 and X.1.8.
const BAD_SENDER: [u16; 2] = [7, 8];
/// What servers without enhanced status codes say to whom they don't relay for: "relay not permitted", "Relaying denied",
/// "that domain isn't in my list of allowed rcpthosts", "authentication required".
const RELAYING: [&str; 3] = ["relay", "rcpthosts", "authenticat"];
/// "Unrecognized authentication type" is not about the password.
const NOT_SUPPORTED: u16 = 504;
/// What a server may say in a session.
const MOST_SAID: usize = 1 << 20;
/// Far less than a server says for so many.
const MOST_LETTERS: u32 = 100;
/// Of an answer to EHLO.
const MOST_LINES: usize = 100;
const LONGEST_QUOTE: usize = 200;
