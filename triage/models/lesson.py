"""What the embedded classifier learned from people."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Lesson(models.Model):
    """One refit of the embedded classifier: what people's verdicts change in the shipped weights."""

    made_at = models.DateTimeField(auto_now_add=True)
    starter = models.CharField(max_length=64, help_text=_("SHA-256 of the shipped weights that it changes"))
    verdicts = models.CharField(max_length=64, help_text=_("SHA-256 of which verdicts it was fitted to"))
    examples = models.PositiveIntegerField(_("verdicts of people"), help_text=_("How many verdicts that were"))
    change = models.BinaryField(help_text=_("Columns and what is added to their weights, as .npz without pickle"))
    seconds = models.FloatField(help_text=_("How long the refit took"))

    def __str__(self) -> str:
        return gettext("%(number)s verdicts, %(seconds).1f s") % {"number": self.examples, "seconds": self.seconds}
