"""The scheduler's own rows: what it is to do, and what became of it."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django_q.admin import FailAdmin, ScheduleAdmin, TaskAdmin
from django_q.models import Failure, OrmQ, Schedule, Success

from inbox_router.admin.rows import NeverDeleted, ReadOnly, Rows, column
from inbox_router.shown import ago

for model in (Schedule, Success, Failure, OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Schedule)
class SchedulePage(NeverDeleted, Rows, ScheduleAdmin):
    """The schedules are made by the program; their pace may be changed."""

    list_display = ["name", "func", "schedule_type", "due"]
    list_filter: list[str] = []
    actions = None

    @column(_("Next run"), ordering="next_run")
    def due(self, row: Schedule) -> str:
        return ago(row.next_run)


# The queue itself (OrmQ) gets no page: what is in it changes within the second, and to show it is to unpickle it.
class TaskPage(ReadOnly, Rows):
    list_display = ["name", "func", "when"]
    list_filter = ["group"]
    search_fields = ["name", "func"]
    ordering = ["-started"]
    actions = None

    @column(_("Started"), ordering="started")
    def when(self, row: Success) -> str:
        return ago(row.started)


@admin.register(Success)
class SuccessPage(TaskPage, TaskAdmin):
    pass


@admin.register(Failure)
class FailurePage(TaskPage, FailAdmin):
    list_display = ["name", "func", "when", "short_result"]
