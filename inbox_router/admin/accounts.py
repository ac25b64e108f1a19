"""Users and groups, in the site's looks."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from inbox_router.admin.preferences import PreferencesPage
from inbox_router.admin.rows import Rows, column
from inbox_router.roles import shown_role
from inbox_router.shown import ago

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserPage(UserAdmin, Rows):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "email", "roles", "is_active", "seen"]
    list_filter = ["is_active", "is_superuser", "groups"]
    filter_horizontal = ()  # Django's two-column widget cannot be worked with by a screen reader

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_urls(self) -> list[URLPattern]:
        """The pages of users, and the one where everybody sets their own things."""
        mine = self.admin_site.admin_view(PreferencesPage.as_view(model_admin=self))
        return [path("me/", mine, name="auth_user_me"), *super().get_urls()]

    @column(_("Roles"), label=True)
    def roles(self, user: User) -> list[str]:
        if user.is_superuser:
            return [gettext("Administrator")]
        return [shown_role(group.name) for group in user.groups.all()] or [gettext("None")]

    @column(_("Last sign-in"), ordering="last_login")
    def seen(self, user: User) -> str:
        return ago(user.last_login)


@admin.register(Group)
class GroupPage(GroupAdmin, Rows):
    filter_horizontal = ()
    list_display = ["name"]
