"""What people correct, and what that changes in the weights: numbers that can be stored, without pickle."""

import io
from dataclasses import dataclass, replace

import numpy as np

from triage.classifiers import MailText
from triage.classifiers.local.model import Model


@dataclass(frozen=True)
class Correction:
    """A mail and the category that a person gave it, confirming or changing the judged one."""

    mail: MailText
    category: str


@dataclass(frozen=True)
class Change:
    """What corrections add to the weights: some columns, and for each of them one number per category."""

    columns: np.ndarray
    weights: np.ndarray

    def on(self, starter: Model) -> Model:
        """The starter model with this change; the starter model itself if nothing is changed."""
        if not len(self.columns):
            return starter
        coefficients = starter.coefficients.copy()
        coefficients[self.columns] += self.weights.astype(np.float32)
        return replace(starter, coefficients=coefficients, untaught=starter)

    def to_bytes(self) -> bytes:
        """The same as a compressed .npz file, without pickle."""
        file = io.BytesIO()
        np.savez_compressed(file, columns=self.columns, weights=self.weights)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Change":
        """Read what `to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as parts:
            return cls(parts["columns"], parts["weights"])
