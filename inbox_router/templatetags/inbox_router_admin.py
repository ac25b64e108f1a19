"""Filters for the admin's pages."""

from django import template

from inbox_router.shown import ago, within

register = template.Library()
register.filter("ago", ago)
register.filter("within", within)
