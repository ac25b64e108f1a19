"""In which language a text is written."""

import py3langid

# Restricting the languages is what makes short texts reliable.
LANGUAGES = [
    "ar",
    "bg",
    "ca",
    "cs",
    "da",
    "de",
    "el",
    "en",
    "es",
    "et",
    "fa",
    "fi",
    "fr",
    "he",
    "hi",
    "hr",
    "hu",
    "id",
    "it",
    "ja",
    "ko",
    "lt",
    "lv",
    "ms",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "ru",
    "sk",
    "sl",
    "sr",
    "sv",
    "th",
    "tr",
    "uk",
    "vi",
    "zh",
]
LETTERS = 15  # fewer decide nothing; a Chinese character says as much as three letters
READ = 1000


def language_of(text: str) -> str:
    """ISO 639-1 code of the language, or "" for a text too short to tell."""
    text = text[:READ]
    if sum(3 if ord(letter) >= 0x2E80 else 1 for letter in text if letter.isalpha()) < LETTERS:
        return ""
    if py3langid.langid.IDENTIFIER is None:
        py3langid.set_languages(LANGUAGES)
    return str(py3langid.classify(text)[0])
