"""Date and time in one field."""

from django import forms
from unfold.widgets import INPUT_CLASSES


class MomentInput(forms.DateTimeInput):
    """Date and time in one field, by the browser's own picker."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%dT%H:%M")


class DayInput(forms.DateInput):
    """A date, by the browser's own picker."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d")
