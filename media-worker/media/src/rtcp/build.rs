//! Building our own compound packets.

use std::time::Duration;

use super::{BLOCK_LEN, BYE, CNAME, RR, ReportBlock, SDES, SR, SenderInfo};

/// What we report: SR or RR, then SDES with our CNAME, then BYE if we leave (RFC 3550 6.1).
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Our synchronization source.
    pub ssrc: u32,
    /// What we sent; with it the report is an SR.
    pub sender: Option<SenderInfo>,
    /// What we received; at most 31 count.
    pub blocks: &'a [ReportBlock],
    /// Our canonical name; at most 255 bytes count.
    pub cname: &'a str,
    /// Whether we leave.
    pub goodbye: bool,
}

impl Report<'_> {
    /// Writes the compound into `out` and returns its length, `None` if it does not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let blocks = self.blocks.get(..self.blocks.len().min(MAX_BLOCKS))?;
        let mut writer = Writer { out, at: 0 };
        let sender_words = if self.sender.is_some() { 5 } else { 0 };
        let packet_type = if self.sender.is_some() { SR } else { RR };
        writer.header(
            blocks.len() as u8,
            packet_type,
            1 + sender_words + blocks.len() * BLOCK_LEN / 4,
        )?;
        writer.word(self.ssrc)?;
        if let Some(sender) = self.sender {
            writer.word((sender.ntp.0 >> 32) as u32)?;
            writer.word(sender.ntp.0 as u32)?;
            writer.word(sender.rtp_timestamp)?;
            writer.word(sender.packets)?;
            writer.word(sender.octets)?;
        }
        blocks.iter().try_for_each(|block| writer.block(block))?;
        writer.description(self.ssrc, self.cname.as_bytes())?;
        if self.goodbye {
            writer.header(1, BYE, 1)?;
            writer.word(self.ssrc)?;
        }
        Some(writer.at)
    }
}

/// The time to the next report: 5 s, spread by a random number over half to one and a half of it so that reports do
/// not bunch (RFC 3550 6.3.1), and divided as 6.3.1 corrects for its reconsideration.
pub fn interval(random: u32) -> Duration {
    let factor = 0.5 + f64::from(random) / f64::from(u32::MAX);
    Duration::from_secs_f64(MIN_INTERVAL_SECONDS * factor / COMPENSATION)
}

struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.at.checked_add(bytes.len())?;
        self.out.get_mut(self.at..end)?.copy_from_slice(bytes);
        self.at = end;
        Some(())
    }

    fn word(&mut self, word: u32) -> Option<()> {
        self.bytes(&word.to_be_bytes())
    }

    /// `words` of 32 bits follow.
    fn header(&mut self, count: u8, packet_type: u8, words: usize) -> Option<()> {
        let [high, low] = u16::try_from(words).ok()?.to_be_bytes();
        self.bytes(&[0x80 | count, packet_type, high, low])
    }

    fn block(&mut self, block: &ReportBlock) -> Option<()> {
        let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        self.word(block.ssrc)?;
        self.word(u32::from(block.fraction_lost) << 24 | lost)?;
        self.word(block.highest_sequence)?;
        self.word(block.jitter)?;
        self.word(block.last_sr)?;
        self.word(block.delay_since_last_sr)
    }

    fn description(&mut self, ssrc: u32, cname: &[u8]) -> Option<()> {
        let cname = cname.get(..cname.len().min(255))?;
        // The items end with one zero byte at least, then fill up the word.
        let words = 1 + (2 + cname.len()) / 4 + 1;
        let end = self.at + 4 + 4 * words;
        self.header(1, SDES, words)?;
        self.word(ssrc)?;
        self.bytes(&[CNAME, cname.len() as u8])?;
        self.bytes(cname)?;
        let zeros = [0; 4];
        self.bytes(zeros.get(..end - self.at)?)
    }
}

const MAX_BLOCKS: usize = 31;
const MIN_INTERVAL_SECONDS: f64 = 5.0;
/// e − 3/2.
const COMPENSATION: f64 = 1.218_28;
