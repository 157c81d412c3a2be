"""Speaks a script and stores one FLAC file a line: 16 kHz, mono, trimmed, evenly loud.

Reads lines `file<TAB>words` from standard input. Words that follow or precede other words in a
sentence carry an ellipsis on that side: they are spoken in a carrier sentence and cut out of it, so
that their melody fits where they are played. The words are kept in each file's title, which tells
what has to be made again. A file `pronounce.tsv` in the folder respells words that the voice gets
wrong: `word<TAB>respelling`.
"""

import argparse
import re
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE = 16_000
SPEECH_LEVEL = -20.0  # dBFS, over the frames with speech
PEAK = -3.5  # dBFS
QUIETEST = -52.0  # dB below the loudest: a final "th" is hardly louder
EDGE = 0.03  # seconds kept before and after the speech
FRAME = RATE // 100
SENTENCE_GAP = 0.28
STEP = 4 / 2**15  # samples keep 14 bits: more than any telephone codec, and a third less on disk
MORE = "…"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folder", type=Path, required=True)
    arguments.add_argument("--voice", choices=VOICES, required=True)
    arguments.add_argument("--all", action="store_true", help="make even what is there")
    options = arguments.parse_args()
    script = dict(line.rstrip("\n").split("\t") for line in sys.stdin)
    remove_orphans(options.folder, script)
    todo = {name: words for name, words in script.items()
            if options.all or title(file_of(options.folder, name)) != words}
    if todo:
        record(VOICES[options.voice](), options.folder, todo)
    print(f"{len(script)} recordings in {options.folder}, {len(todo)} made", file=sys.stderr)


def joe():
    from joe import Joe
    return Joe()


def dora():
    from dora import Dora
    return Dora()


# A voice has `sentences(text)`, the words to put `before` and `after` others, how many `takes` it needs, and of how many
# words the `shortest` text is that it speaks well without any before.
VOICES = {"joe": joe, "dora": dora}


def record(voice, folder: Path, script: dict[str, str]) -> None:
    respell = respellings(folder / "pronounce.tsv")
    for name, words in script.items():
        speech = best_take(voice, name, respell(words))
        path = file_of(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        with soundfile.SoundFile(draft, "w", RATE, 1, "PCM_16", format="FLAC",
                                 compression_level=1.0) as file:
            file.title = words
            file.write(speech)
        draft.rename(path)


def best_take(voice, name: str, words: str) -> np.ndarray:
    """Of several takes the one of middle length: stumbles are the longest and the shortest."""
    takes = [finish(speak(voice, words)) for _ in range(voice.takes)]
    takes = sorted((take for take in takes if take is not None), key=len)
    if not takes:
        sys.exit(f"{name}: no usable take of {words!r}")
    return takes[len(takes) // 2]


def speak(voice, words: str) -> np.ndarray | None:
    """Speaks words, cut out of their carrier, at the output rate."""
    follows, precedes = words.startswith(MORE), words.endswith(MORE)
    text = words.strip(MORE).strip()
    follows = follows or len(re.split("[.!?]", text)[0].split()) < voice.shortest
    if follows:
        text = voice.before + text
    if precedes:
        text = text.rstrip(",;:") + voice.after
    sentences = voice.sentences(text)
    if sentences is None:
        return None
    starts = [0] * len(sentences)
    ends = [len(sentence.audio) for sentence in sentences]
    if follows:
        starts[0] = sentences[0].commas[0]
    if precedes:
        ends[-1] = sentences[-1].commas[-1]
    gap = np.zeros(int(SENTENCE_GAP * RATE), np.float32)
    pieces = []
    for sentence, start, end in zip(sentences, starts, ends):
        spoken = trim(soxr.resample(sentence.audio[start:end], sentence.rate, RATE, "VHQ"))
        if spoken is None:
            return None
        pieces += [spoken, gap]
    return np.concatenate(pieces[:-1])


def finish(speech: np.ndarray | None) -> np.ndarray | None:
    """Takes away rumble and sets the level."""
    if speech is None:
        return None
    spectrum = np.fft.rfft(speech)
    hertz = np.fft.rfftfreq(len(speech), 1 / RATE)
    speech = np.fft.irfft(spectrum / np.sqrt(1 + (70 / np.maximum(hertz, 1)) ** 8), len(speech))
    loud = levels(speech)
    active = loud[loud > loud.max() - 30]
    level = 10 * np.log10(np.mean(10 ** (active / 10)))
    speech = limit(speech * 10 ** ((SPEECH_LEVEL - level) / 20), 10 ** (PEAK / 20))
    fade = np.hanning(2 * FRAME)
    speech[:FRAME] *= fade[:FRAME]
    speech[-FRAME:] *= fade[FRAME:]
    return (np.round(speech / STEP) * STEP).astype(np.float32)


def trim(speech: np.ndarray) -> np.ndarray | None:
    """Cuts what is before and after the speech down to the edge."""
    loud = levels(speech)
    if len(loud) == 0 or loud.max() < -60:
        return None
    frames = np.flatnonzero(loud > max(loud.max() + QUIETEST, -72))
    edge = int(EDGE * RATE)
    start = max(frames[0] * FRAME - edge, 0)
    end = min((frames[-1] + 1) * FRAME + edge, len(speech))
    missing = (max(edge - frames[0] * FRAME, 0), max((frames[-1] + 1) * FRAME + edge - len(speech), 0))
    return np.pad(speech[start:end], missing)


def levels(speech: np.ndarray) -> np.ndarray:
    """The level of each hundredth of a second, in dBFS."""
    frames = speech[: len(speech) // FRAME * FRAME].reshape(-1, FRAME)
    return 10 * np.log10(np.mean(frames.astype(np.float64) ** 2, axis=1) + 1e-12)


def limit(speech: np.ndarray, peak: float) -> np.ndarray:
    """Turns the loudest moments down, smoothly, so that nothing is above the peak."""
    reach = RATE // 200
    gain = np.minimum(1, peak / np.maximum(np.abs(speech), 1e-9))
    padded = np.pad(gain, 2 * reach, constant_values=1)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    return speech * np.convolve(lowest, window / window.sum(), "valid")


def remove_orphans(folder: Path, script: dict[str, str]) -> None:
    for path in folder.rglob("*.flac"):
        if path.relative_to(folder).as_posix().removesuffix(".flac") not in script:
            path.unlink()


def respellings(table: Path):
    """The respelling of a text by a table, word by word."""
    if not table.exists():
        return lambda words: words
    pairs = dict(line.split("\t") for line in table.read_text().splitlines())
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, sorted(pairs, key=len, reverse=True))) + r")\b")
    return lambda words: pattern.sub(lambda match: pairs[match[0]], words)


def file_of(folder: Path, name: str) -> Path:
    return folder / f"{name}.flac"


def title(path: Path) -> str | None:
    if not path.exists():
        return None
    with soundfile.SoundFile(path) as file:
        return file.title


if __name__ == "__main__":
    main()
