"""Pages of our own inside the admin."""

from typing import TYPE_CHECKING, Any

from django.views.generic import TemplateView
from unfold.views import UnfoldModelAdminViewMixin

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Page(UnfoldModelAdminViewMixin, TemplateView):
    """A page in the admin's frame: its title, the permission it needs, and its template."""

    title: "StrOrPromise"
    permission_required: str | tuple[str, ...]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"opts": None}
