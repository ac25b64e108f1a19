"""In which language a text is written."""

import py3langid

# Restricting the languages is what makes short texts reliable.
WESTERN = ["ca", "da", "de", "en", "es", "fi", "fr", "it", "nl", "no", "pt", "sv"]
EASTERN = ["bg", "cs", "el", "et", "hr", "hu", "lt", "lv", "pl", "ro", "ru", "sk", "sl", "sr", "tr", "uk"]
FURTHER = ["ar", "fa", "he", "hi", "id", "ja", "ko", "ms", "th", "vi", "zh"]
LANGUAGES = WESTERN + EASTERN + FURTHER
LETTERS = 15  # fewer decide nothing; a Chinese character says as much as three letters
READ = 400


def language_of(text: str) -> str:
    """ISO 639-1 code of the language, or "" for a text too short to tell."""
    text = text[:READ]
    if sum(3 if ord(letter) >= 0x2E80 else 1 for letter in text if letter.isalpha()) < LETTERS:
        return ""
    if py3langid.langid.IDENTIFIER is None:
        py3langid.set_languages(LANGUAGES)
    return str(py3langid.classify(text)[0])
