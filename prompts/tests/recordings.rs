//! What is checked in says what the catalogue says, and can be heard.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking anywhere")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{Timestamp, Zoned};
use prompts::{Library, Noun, PromptId, Say, Sound, locate, read_flac, read_title, sample_message};

#[test]
fn every_recording_is_there_and_none_is_left_over() {
    let library = library();
    for (language, _) in library.languages() {
        let folder = folder().join(language);
        let wanted: BTreeMap<_, _> = library
            .script(language)
            .into_iter()
            .map(|line| (folder.join(format!("{}.flac", line.clip)), line.text))
            .collect();
        let mut there = BTreeMap::new();
        for clip in library.clips().filter_map(|clip| library.path(clip)) {
            if clip.starts_with(&folder) {
                there.insert(
                    clip.to_owned(),
                    read_title(clip).unwrap().unwrap_or_default(),
                );
            }
        }
        let remedy = "run `prompts/make` and commit what it makes";
        for (path, words) in &wanted {
            assert_eq!(there.get(path), Some(words), "{}: {remedy}", path.display());
        }
        for path in there.keys() {
            assert!(
                wanted.contains_key(path),
                "{} is not needed: {remedy}",
                path.display()
            );
        }
    }
}

#[test]
fn every_recording_is_speech_evenly_loud_and_not_clipped() {
    let library = library();
    let mut faults = Vec::new();
    for clip in library.clips() {
        let path = library.path(clip).unwrap();
        let words = read_title(path).unwrap().unwrap_or_default();
        let pcm = library.pcm(clip);
        if let Err(fault) = judge(&pcm.samples, pcm.rate, &words) {
            faults.push(format!("{}: {fault}", path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_sample_message_is_speech_of_some_seconds() {
    let path = sample_message(&folder());
    let pcm = read_flac(&path).unwrap();
    judge(&pcm.samples, pcm.rate, &read_title(&path).unwrap().unwrap()).unwrap();
    assert!((Duration::from_secs(8)..Duration::from_secs(12)).contains(&pcm.duration()));
}

#[test]
fn the_recordings_of_a_language_are_small() {
    for (language, _) in library().languages() {
        let bytes: u64 = flac_files(&folder().join(language))
            .iter()
            .map(|path| fs::metadata(path).unwrap().len())
            .sum();
        assert!(bytes < 16_000_000, "{language}: {bytes} bytes");
    }
}

#[test]
fn a_sentence_has_a_recording_for_all_its_words() {
    let library = library();
    let now: Zoned = "2026-03-11T23:00[UTC]".parse().unwrap();
    let moment: Timestamp = "2026-03-07T14:05Z".parse().unwrap();
    let say = [
        Say::Phrase {
            prompt: PromptId::ENVELOPE_RECEIVED,
            with: vec![Say::Moment(moment)],
        },
        Say::Count {
            noun: Noun::NEW_MESSAGE,
            n: 21,
        },
        Say::Phrase {
            prompt: PromptId::ENVELOPE_FROM,
            with: vec![Say::Audio("name")],
        },
        Say::Beep,
    ];
    let heard = |language| {
        let sounds = library.expand(&[language], &say, &now);
        let names: Vec<String> = sounds.iter().map(|sound| name(&library, sound)).collect();
        names.join(" ")
    };
    assert_eq!(
        heard("en"),
        "envelope-received on saturday at two oh-five p-m_last 250 twenty-one new-messages_last 250 \
         envelope-from [name] 250 [beep]"
    );
    assert_eq!(
        heard("es"),
        "envelope-received el sábado a-las-dos y-cinco de-la-tarde_last 250 veintiún \
         mensajes-nuevos_last 250 envelope-from [name] 250 [beep]"
    );
}

#[test]
fn a_spelled_name_has_a_pause_between_its_words() {
    let library = library();
    let now: Zoned = "2026-03-11T23:00[UTC]".parse().unwrap();
    let heard = |say| {
        let sounds = library.expand(&["en"], &[say], &now);
        let names: Vec<String> = sounds.iter().map(|sound| name(&library, sound)).collect();
        names.join(" ")
    };
    assert_eq!(
        heard(Say::Spell(" Al  B, N ".to_owned())),
        "a 40 l 250 b 250 n_last"
    );
    let number = Say::Digits("+1 5".to_owned());
    assert_eq!(heard(number), "plus 40 one 250 five_last");
}

#[test]
fn every_number_minute_day_and_letter_can_be_heard() {
    let library = library();
    let now: Zoned = "2026-12-31T23:59[UTC]".parse().unwrap();
    let midnight: Timestamp = "2026-01-01T00:00Z".parse().unwrap();
    let numbers = (0..2_000).chain([1_000_000, u64::MAX]).map(Say::Number);
    let minutes = (0..1_440).map(|minute| Say::Time(midnight + Duration::from_secs(60 * minute)));
    let days = (0..4_000).map(|day| Say::Date(midnight - Duration::from_secs(86_400 * day)));
    let letters = ('a'..='z')
        .chain('0'..='9')
        .map(|c| Say::Spell(c.to_string()));
    let nouns = Noun::ALL
        .iter()
        .flat_map(|&noun| (0..3).map(move |n| Say::Count { noun, n }));
    let lengths = (0..7_300)
        .step_by(7)
        .map(|s| Say::Duration(Duration::from_secs(s)));
    let all: Vec<Say<()>> = numbers
        .chain(minutes)
        .chain(days)
        .chain(letters)
        .chain(nouns)
        .chain(lengths)
        .collect();
    for (language, _) in library.languages() {
        for say in &all {
            let sounds = library.expand(&[language], std::slice::from_ref(say), &now);
            let own = |sound: &Sound<()>| match sound {
                Sound::Clip(clip) => library
                    .path(*clip)
                    .unwrap()
                    .starts_with(folder().join(language)),
                Sound::Audio(()) | Sound::Pause(_) | Sound::Beep => true,
            };
            assert!(
                !sounds.is_empty() && sounds.iter().all(own),
                "{language}: {say:?}"
            );
        }
    }
}

#[test]
fn a_recording_that_cannot_be_read_is_silent() {
    let spoiled = tempfile::tempdir().unwrap();
    let english = spoiled.path().join("en");
    fs::create_dir_all(english.join("prompts")).unwrap();
    fs::copy(
        folder().join("en/catalogue.yaml"),
        english.join("catalogue.yaml"),
    )
    .unwrap();
    fs::write(english.join("prompts/menu-goodbye.flac"), "no FLAC").unwrap();
    let library = Library::load(spoiled.path()).unwrap();
    let clip = library.clips().next().unwrap();
    assert_eq!(library.pcm(clip).duration(), Duration::ZERO);
}

#[test]
fn the_folder_is_found_from_where_the_program_lies() {
    let root = folder().parent().unwrap().to_owned();
    let program = root.join("target/release/media-worker");
    assert_eq!(locate(None, &program, Path::new("/")), Some(folder()));
    assert_eq!(
        locate(None, Path::new("/"), &root.join("docs")),
        Some(folder())
    );
    assert_eq!(
        locate(Some(&folder()), Path::new("/"), Path::new("/")),
        Some(folder())
    );
    assert_eq!(locate(Some(Path::new("/nowhere")), &program, &root), None);
}

/// A short name for what is played.
fn name(library: &Library, sound: &Sound<&str>) -> String {
    match sound {
        Sound::Clip(clip) => library
            .path(*clip)
            .unwrap()
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned(),
        Sound::Audio(name) => format!("[{name}]"),
        Sound::Pause(length) => format!("{}", length.as_millis()),
        Sound::Beep => "[beep]".to_owned(),
    }
}

/// What is wrong with a recording of these words, if anything.
fn judge(samples: &[i16], rate: u32, words: &str) -> Result<(), String> {
    if rate != 16_000 {
        return Err(format!("{rate} samples a second"));
    }
    let frames: Vec<f64> = samples.chunks_exact(FRAME).map(level).collect();
    let loudest = frames.iter().copied().fold(SILENCE, f64::max);
    let active: Vec<f64> = frames
        .iter()
        .copied()
        .filter(|level| *level > loudest - 30.0)
        .collect();
    let mean = active
        .iter()
        .map(|level| 10_f64.powf(level / 10.0))
        .sum::<f64>()
        / active.len() as f64;
    let speech = 10.0 * mean.log10();
    if !(-22.5..-18.5).contains(&speech) {
        return Err(format!("speech at {speech:.1} dBFS"));
    }
    let peak = samples
        .iter()
        .map(|sample| sample.unsigned_abs())
        .max()
        .unwrap_or(0);
    if f64::from(peak) > 0.708 * 32_768.0 {
        return Err(format!("peak at {peak}: above -3 dBFS"));
    }
    let edge = |mut frames: Box<dyn Iterator<Item = &f64> + '_>| {
        frames.position(|level| *level > loudest - 52.0)
    };
    for (side, silence) in [
        ("start", edge(Box::new(frames.iter()))),
        ("end", edge(Box::new(frames.iter().rev()))),
    ] {
        if silence.is_none_or(|frames| !(1..=6).contains(&frames)) {
            return Err(format!("too much silence or none at the {side}"));
        }
    }
    let letters = words.chars().filter(|c| c.is_alphanumeric()).count().max(2) as f64;
    let pace = letters / (samples.len() as f64 / f64::from(rate));
    if !(3.0..24.0).contains(&pace) {
        return Err(format!("{pace:.1} letters a second"));
    }
    Ok(())
}

fn level(frame: &[i16]) -> f64 {
    let power = frame
        .iter()
        .map(|sample| (f64::from(*sample) / 32_768.0).powi(2))
        .sum::<f64>();
    (10.0 * (power / frame.len() as f64).log10()).max(SILENCE)
}

fn flac_files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "flac")
            {
                files.push(path);
            }
        }
    }
    files
}

fn library() -> Library {
    Library::load(&folder()).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

const FRAME: usize = 160;
const SILENCE: f64 = -120.0;
