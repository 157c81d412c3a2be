//! Stored recordings: no panic on damaged ones, bounded sound, and what is written is read back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::recording::Recording;

fuzz_target!(|octets: &[u8]| {
    for recording in [Recording::from_bytes(octets), Recording::salvage(octets)].into_iter().flatten() {
        let again = Recording::from_bytes(&recording.to_bytes()).expect("what we write can be read");
        assert_eq!(again.packets().collect::<Vec<_>>(), recording.packets().collect::<Vec<_>>());
        assert!(recording.duration() <= Recording::MAX_DURATION);
        // Hours of sound from a few octets take their time and find nothing.
        if recording.duration().as_secs() < 10 {
            let _ = recording.to_pcm();
        }
    }
});
