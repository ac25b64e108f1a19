"""Filters for the admin's pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.db.models import Model
from django.utils.text import capfirst

from inbox_router.navigation import called, titles
from inbox_router.shown import ago, language_name, within

register = template.Library()
register.filter("ago", ago)
register.filter("within", within)
register.filter("language_name", language_name)


@register.filter
def shorter(parts: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The path over a page: of a page of the sidebar that is no list itself alone, of a record its list and itself."""
    own = [part for part in parts[-1:] if not part.get("link") and str(part["title"]) in titles().values()]
    return own or parts[-2:]


@register.filter
def heading(part: Mapping[str, Any]) -> str:
    """A part of the path over a page: a list as the sidebar calls it, a record, such as an address, as it is."""
    named = part["title"]
    if isinstance(named, Model):
        return called(named)
    return titles().get(str(part.get("link", "")), capfirst(str(named)))
