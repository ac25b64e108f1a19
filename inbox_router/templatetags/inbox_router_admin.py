"""Filters for the admin's pages."""

from django import template

from inbox_router.shown import ago

register = template.Library()
register.filter("ago", ago)
