"""The two sorts of pages that rows have: those that people edit, and those that they only read."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet

from inbox_router.admin.paging import BoundedList, BoundedPaginator

Column = TypeVar("Column", bound=Callable[..., Any])


class Colours(dict[Any, str]):
    """The colour of each value's chip. Unfold shows the bare code of a value for which it finds none."""

    def __missing__(self, value: Any) -> str:
        return "default"


def column(
    title: str | Promise,
    *,
    ordering: str | None = None,
    label: bool | Mapping[Any, str] | None = None,
    header: bool | None = None,
) -> Callable[[Column], Column]:
    """Make a method of a page a column. `label` colours its values as chips, `header` shows two lines."""

    def decorator(method: Column) -> Column:
        colours = Colours(label) if isinstance(label, Mapping) else label
        shown: Column = display(description=title, ordering=ordering, label=colours, header=header)(method)
        return shown

    return decorator


class Rows(ModelAdmin):
    """A list of rows with a page each."""

    list_per_page = 25
    paginator: Any = BoundedPaginator
    show_full_result_count = False
    list_filter_submit = True
    list_fullwidth = True
    show_add_link = True
    when_empty: str | Promise = ""  # what an empty list waits for, or what to do about it

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return BoundedList


class SpokenLines(PaginationInlineFormSet):
    """Lines whose fields say their names to a screen reader: in a table, no label stands beside them."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        line = str(form.instance) if form.instance.pk else gettext("new")
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", f"{field.label}: {line}")


class Lines(TabularInline):
    """Rows that belong to another one, edited on its page."""

    formset = SpokenLines
    extra = 0
    hide_title = True


class ReadOnly:
    """Mixed in: rows that the program writes. What people may do with one of them is a deed of its page."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the row, without the button to a history that it cannot have."""
        context = {"show_history": False} | (extra_context or {})
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)  # type: ignore[misc]
        return answer

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class NeverDeleted:
    """Mixed in: rows that are switched off and stay, because other rows tell of them."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
