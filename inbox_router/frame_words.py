"""The words of the admin's frame that django-unfold says in English only, marked here for our translators."""

from django.utils.translation import gettext_noop as _

# fmt: off
WORDS = (
    _("Add new item"), _("Add row"), _("All applications"), _("Apply Filters"), _("Choose file to upload"),
    _("Click to cancel"), _("Click to download"), _("Collapse"), _("Current file"), _("Dark"), _("Date"),
    _("Date from"), _("Date to"), _("Edit"), _("Expand row"), _("False"), _("Filters"), _("General"), _("Go back"),
    _("Group"), _("Group permissions"), _("Light"), _("Loading more results..."), _("More actions"), _("Name"),
    _("Next"), _("No data"), _("No recent searches"), _("No results found"), _("No results matching your query"),
    _("Permissions"), _("Previous"), _("Recent searches"), _("Reset filters"), _("Reset to default"),
    _("Return to site"), _("Run"), _("Save and add another"), _("Save and continue editing"), _("Save and view"),
    _("Select action"), _("Select action to run"),
    _("Select all rows"), _("Select format"), _("Select record"), _("Select value"), _("This item will be deleted."),
    _("Toggle password visibility"), _("True"), _("Type to search"), _("User permissions"), _("Value"), _("Welcome"),
    _("Welcome back to"), _("You have been successfully logged out from the administration"),
)
# fmt: on
