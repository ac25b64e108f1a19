"""The pages of what the embedded classifier learned from people."""

from django.contrib import admin
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from inbox_router.admin.rows import ReadOnly, Rows, column
from inbox_router.shown import ago, seconds
from triage.models import CachedAnswer, Lesson


@admin.register(Lesson)
class LessonPage(ReadOnly, Rows):
    list_display = ["when", "examples", "took"]
    fields = ["when", "examples", "took"]
    readonly_fields = ["when", "took"]
    ordering = ["-pk"]

    @column(_("Learned"), ordering="made_at")
    def when(self, lesson: Lesson) -> str:
        return ago(lesson.made_at)

    @column(_("Took"), ordering="seconds")
    def took(self, lesson: Lesson) -> str:
        return seconds(lesson.seconds)


@admin.register(CachedAnswer)
class CachedAnswerPage(ReadOnly, Rows):
    list_display = ["category", "when", "until"]
    fields = ["category", "when", "until", "prompt"]
    readonly_fields = ["category", "when", "until"]
    ordering = ["-pk"]

    @column(_("Answer"))
    def category(self, row: CachedAnswer) -> str:
        return str(row.answer.get("category", ""))

    @column(_("Asked"), ordering="made_at")
    def when(self, row: CachedAnswer) -> str:
        return ago(row.made_at)

    @column(_("Used until"), ordering="expires_at")
    def until(self, row: CachedAnswer) -> str:
        return date_format(row.expires_at, "DATE_FORMAT")
