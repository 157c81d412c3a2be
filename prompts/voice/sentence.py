"""What a voice gives: one spoken sentence."""

from typing import NamedTuple

import numpy as np


class Sentence(NamedTuple):
    audio: np.ndarray  # float32, mono
    rate: int
    commas: list[int]  # where each comma ends, in samples: amid the pause that it makes
