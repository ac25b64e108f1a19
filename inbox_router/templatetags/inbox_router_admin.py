"""Filters for the admin's pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.db.models import Model
from django.utils.text import capfirst

from inbox_router.navigation import called, titles
from inbox_router.shown import ago, within

register = template.Library()
register.filter("ago", ago)
register.filter("within", within)


@register.filter
def own(parts: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The path over a page; a page that stands in the sidebar by itself is in no other."""
    last = parts[-1:]
    stands_alone = any(not part.get("link") and str(part["title"]) in titles().values() for part in last)
    return last if stands_alone else parts


@register.filter
def heading(part: Mapping[str, Any]) -> str:
    """A part of the path over a page: a list as the sidebar calls it, a record, such as an address, as it is."""
    named = part["title"]
    if isinstance(named, Model):
        return called(named)
    return titles().get(str(part.get("link", "")), capfirst(str(named)))
