"""Pools and their members are changed by pool managers only."""

from typing import Any

from django.http import HttpRequest

EDIT_POOL = "routing.edit_pool"


class ByPoolManagers:
    """Mixed in: besides the right to change such rows it takes the one to change the rotation."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return request.user.has_perm(EDIT_POOL) and super().has_add_permission(request, *args)  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(EDIT_POOL) and super().has_change_permission(request, obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(EDIT_POOL) and super().has_delete_permission(request, obj)  # type: ignore[misc]
