"""Whether an inquiry needs an engineer: it names drawings, materials, tolerances, ratings."""

from pathlib import PurePath

from triage.classifiers import MailText
from triage.classifiers.local.features import Features

SIGNS = frozenset(("drawing", "tolerance", "material", "machining", "rating"))
CAD = frozenset((".step", ".stp", ".dwg", ".dxf", ".igs", ".iges", ".stl", ".sldprt", ".ipt", ".x_t", ".3dm"))


def is_technical(mail: MailText, row: Features) -> bool:
    """Two signs of different kinds in the text, or a file that only engineers open."""
    files = {PurePath(name.split(" (")[0]).suffix.lower() for name in mail.attachments}
    return len(SIGNS & row.ideas) >= 2 or bool(CAD & files)
