"""Why the embedded classifier says so, in one sentence."""

from triage.classifiers.local.concepts import ideas
from triage.classifiers.local.features import Features, sign_column
from triage.classifiers.local.model import CATEGORIES, Model, Verdict

LOOKS = {
    "spam": "looks like spam",
    "newsletter": "looks like advertising or news",
    "lead": "looks like an inquiry",
    "accounting": "looks like bookkeeping",
    "uncertain": "looks like none of the categories",
}


def reason_for(model: Model, row: Features, verdict: Verdict) -> str:
    """The ideas and words that spoke most for the category: 'Asks for a quote; "angebot", "stuck"; no list headers.'"""
    told = [(idea, sign_column(f"idea:{idea}")) for idea in row.ideas]
    says = [ideas()[idea] for idea in _strongest(model, verdict, told)]
    words = _strongest(model, verdict, [pair for pair in row.evidence if len(pair[0]) > 3 and pair[0].isalpha()])
    parts = [" and ".join(says) or LOOKS[verdict.category], ", ".join(f'"{word}"' for word in words)]
    if verdict.category != "uncertain":
        parts.append("sent in bulk" if row.bulk else "no list headers")
    sentence = "; ".join(filter(None, parts))
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _strongest(model: Model, verdict: Verdict, evidence: list[tuple[str, int]], count: int = 2) -> list[str]:
    """The evidence that lifts the category above the mean of all, strongest first."""
    if not evidence:
        return []
    weights = model.weights([place for _, place in evidence])
    lift = weights[:, CATEGORIES.index(verdict.category)] - weights.mean(axis=1)
    order = [at for at in (-lift).argsort()[:count] if lift[at] > 0]
    return [evidence[at][0] for at in order]
