//! Sound files of an administrator: no panic, and of hours of silence in a few octets no more than is asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::{flac, wav};

/// More than one block can hold, so that two may be too many.
const MOST: usize = 100_000;

/// How a FLAC file of 16 bits in mono at 16 kHz begins, so that what is found first is not only how to begin.
const FLAC: &[u8] = b"fLaC\x80\0\0\x22\0\x10\xff\xff\0\0\0\0\0\0\x03\xe8\0\xf0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// The same of a WAV file; how the samples are written comes next.
const WAV: &[u8] = b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0";

fuzz_target!(|octets: &[u8]| {
    for file in [octets, &[FLAC, octets].concat()] {
        if let Ok(pcm) = flac::read(file, MOST) {
            assert!(pcm.samples.len() <= MOST);
            assert!(pcm.rate > 0);
        }
    }
    for file in [octets, &[WAV, octets].concat()] {
        if let Ok(pcm) = wav::read(file) {
            assert!(pcm.samples.len() <= file.len());
            assert!(pcm.rate > 0);
        }
    }
});
