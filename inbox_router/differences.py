"""What is different between a thing as it was and as it is, in words."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Field, Model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _


def differences(old: Model, new: Model) -> Iterator[str]:
    """One phrase per field that people edit and that is different."""
    for field in old._meta.concrete_fields:
        if field.editable and not field.primary_key:
            yield from difference(field, getattr(old, field.name), getattr(new, field.name))


def difference(field: Field, was: Any, becomes: Any) -> Iterator[str]:
    """What became of a field's value, such as "weight 1 becomes 3"; nothing where it is the same."""
    if was != becomes:
        told = {"field": field.verbose_name, "old": _shown(field, was), "new": _shown(field, becomes)}
        yield _("%(field)s %(old)s becomes %(new)s") % told


def _shown(field: Field, value: Any) -> str:
    """A field's value as people read it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or _("nothing")
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "DATETIME_FORMAT")
    return _("nothing") if value in (None, "") else str(dict(field.flatchoices).get(value, value))
