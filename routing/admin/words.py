"""A list of words in the database, as people write it: "en, de"."""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget


class WordsField(forms.CharField):
    """Words with commas between them; a list of strings in Python."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextInputWidget(), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        if isinstance(value, list):
            return value
        return [word for part in (value or "").split(",") if (word := part.strip())]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class WithWords(ModelAdmin):
    """Mixed in: a page whose lists of words are edited as such, and not as JSON."""

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.JSONField):
            help_text = db_field.help_text.replace('["', "").replace('"]', "").replace('", "', ", ")
            return WordsField(label=capfirst(db_field.verbose_name), required=False, help_text=help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)
