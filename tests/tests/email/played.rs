//! A mail server that refuses what a test wants it to, for as many connections as come.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What it answers to a command, or to the end of a letter. `None`: it hangs up.
type Answers = fn(&str) -> Option<&'static str>;

/// A running server, without TLS and without a login.
pub(crate) struct Played {
    port: u16,
    answers: Arc<Mutex<Answers>>,
    rests: Arc<Mutex<Vec<Duration>>>,
    told: Arc<Mutex<Vec<(usize, String)>>>,
}

impl Played {
    pub(crate) fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let played = Self {
            port: listener.local_addr().unwrap().port(),
            answers: Arc::new(Mutex::new(answers)),
            rests: Arc::default(),
            told: Arc::default(),
        };
        let (answers, rests) = (Arc::clone(&played.answers), Arc::clone(&played.rests));
        let told = Arc::clone(&played.told);
        thread::spawn(move || {
            let mut last: Option<Instant> = None;
            for (connection, stream) in listener.incoming().flatten().enumerate() {
                if let Some(last) = last {
                    rests.lock().unwrap().push(last.elapsed());
                }
                // Who goes away in the middle is served no more.
                let _ = serve(stream, &answers, &mut last, |line| {
                    told.lock().unwrap().push((connection, line.to_owned()));
                });
            }
        });
        played
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on it answers so.
    pub(crate) fn answers(&self, answers: Answers) {
        *self.answers.lock().unwrap() = answers;
    }

    /// What it was told, letters left out, each with the number of its connection.
    pub(crate) fn told(&self) -> Vec<(usize, String)> {
        self.told.lock().unwrap().clone()
    }

    /// How long it was left alone between the last command of each connection and the next connection. The command is
    /// timed before its answer is given, so none is shorter than its client rested.
    pub(crate) fn rests(&self) -> Vec<Duration> {
        self.rests.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &Mutex<Answers>,
    last: &mut Option<Instant>,
    told: impl Fn(&str),
) -> io::Result<()> {
    let lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 hello\r\n")?;
    let mut in_letter = false;
    for line in lines {
        let line = line?;
        if in_letter && line != "." {
            continue;
        }
        *last = Some(Instant::now());
        told(&line);
        let answers = *answers.lock().unwrap();
        let Some(answer) = answers(&line) else {
            return Ok(());
        };
        in_letter = answer.starts_with("354");
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

/// Takes everything.
#[allow(
    clippy::unnecessary_wraps,
    reason = "one of several scripts, which may say nothing"
)]
pub(crate) fn takes(line: &str) -> Option<&'static str> {
    Some(match line {
        "DATA" => "354 go on",
        _ => "250 fine",
    })
}
