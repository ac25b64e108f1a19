"""Pages of long lists, without counting what nobody pages through."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList

from inbox_router.navigation import titles

COUNTED = 10_000  # rows; to count half a million takes longer than to show a page of them


class BoundedPaginator(Paginator):
    """Counts and pages up to a limit; what is older is found by the filters and the search."""

    template_name = "admin/parts/pages.html"

    @cached_property
    def count(self) -> int:
        return min(self.found, COUNTED)

    @cached_property
    def found(self) -> int:
        """How many rows there are; one more than the limit stands for any number above it."""
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: COUNTED + 1].count())  # without what only columns show

    @property
    def more(self) -> bool:
        return self.found > COUNTED


class BoundedList(ChangeList):
    """A list called as in the sidebar, that says how many rows were found only where something was asked for."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        if called := titles().get(request.path):
            self.title = called

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.get_filters_params():
            self.full_result_count = self.result_count
