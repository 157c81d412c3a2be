//! A connection whose far side may say so much and no more.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What may be behind a connection: TCP, or TLS over it.
pub(crate) trait Stream:
    AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug
{
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> Stream for S {}

/// A connection that fails once the far side has said more than it may.
#[derive(Debug)]
pub(crate) struct Bounded<S> {
    stream: S,
    left: usize,
    /// Read before anything that comes.
    first: &'static [u8],
}

impl<S> Bounded<S> {
    /// The far side may say `most` bytes.
    pub(crate) fn new(stream: S, most: usize) -> Self {
        Self {
            stream,
            left: most,
            first: b"",
        }
    }

    /// The reader finds these bytes before what the far side says.
    pub(crate) fn after(self, first: &'static [u8]) -> Self {
        Self { first, ..self }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let (now, later) = self.first.split_at(self.first.len().min(into.remaining()));
            into.put_slice(now);
            self.first = later;
            return Poll::Ready(Ok(()));
        }
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("it says too much")));
        }
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        self.left = self
            .left
            .saturating_sub(into.filled().len().saturating_sub(before));
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// One line, without its end; fails where it is longer than a line may be.
pub(crate) async fn line(from: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<String> {
    let mut line = Vec::new();
    let read = from.take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.pop() != Some(b'\n') {
        return Err(io::Error::other("a line does not end"));
    }
    Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
}

/// RFC 5321 section 4.5.3.1.5 has 512; some servers say more.
const LONGEST_LINE: u64 = 2000;
