"""What mail can be, who says so, and which senders are known."""

from django.conf import settings
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox_router.shown import percent


class Category(models.TextChoices):
    SPAM = "spam", _("Spam")
    NEWSLETTER = "newsletter", _("Newsletter")
    LEAD = "lead", _("Lead")
    ACCOUNTING = "accounting", _("Accounting")
    UNCERTAIN = "uncertain", _("Uncertain")

    @classmethod
    def trashed(cls) -> tuple["Category", ...]:
        """Those whose mail goes to Trash."""
        return (cls.SPAM, cls.NEWSLETTER)

    @property
    def settled(self) -> str | Promise:
        """Its name where it is a decision: whoever says "none of these" is not uncertain."""
        return _("None of these") if self == Category.UNCERTAIN else self.label


class SenderRule(models.Model):
    """A known sender."""

    class Scope(models.TextChoices):
        ADDRESS = "address", _("this address")
        DOMAIN = "domain", _("this domain")
        SUBDOMAINS = "subdomains", _("this domain and its subdomains")

    class Kind(models.TextChoices):
        INTERNAL = "internal", _("internal: skip")
        MARKETING = "marketing", _("marketing: tell the classifier")
        ALWAYS = "always", _("always this category, without the classifier")

    pattern = models.CharField(max_length=254, help_text=_("news@example.com or example.com"))
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.DOMAIN)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.MARKETING)
    category = models.CharField(
        max_length=10, choices=Category, blank=True, help_text=_("For 'always': the category that its mail gets")
    )
    note = models.CharField(max_length=300, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pattern", "scope", "kind"], name="one_rule_per_sender")]

    def __str__(self) -> str:
        return f"{self.pattern} ({self.get_kind_display()})"


class Classification(models.Model):
    """One judgement of a message, by a rule, a model or a person; the newest stands in the message."""

    class Judge(models.TextChoices):
        RULE = "rule", _("rule")
        LOCAL = "local", _("embedded classifier")
        LLM = "llm", _("language model")
        PERSON = "person", _("person")

        @classmethod
        def machines(cls) -> tuple["Classification.Judge", ...]:
            """Those that can be wrong without anybody noticing."""
            return (cls.LOCAL, cls.LLM)

    class Spared(models.TextChoices):
        CASCADE = "cascade", _("the embedded classifier decided alone")
        CACHE = "cache", _("the same was asked before")
        BUDGET = "budget", _("the budget was spent")

    message = models.ForeignKey("triage.Message", models.CASCADE, related_name="classifications")
    judge = models.CharField(max_length=8, choices=Judge)
    model = models.CharField(max_length=100, blank=True, help_text=_("Name and version of the model, or of the rule"))
    prompt = models.CharField(max_length=32, blank=True, help_text=_("Version of the rules that the model was told"))
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    category = models.CharField(max_length=10, choices=Category)
    confidence = models.FloatField()
    raw_confidence = models.FloatField(null=True, blank=True, help_text=_("As the model stated it, before calibration"))
    language = models.CharField(max_length=8, blank=True)
    technical = models.BooleanField(default=False)
    sender_first_name = models.CharField(max_length=100, blank=True)
    company = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    error = models.CharField(max_length=300, blank=True, help_text=_("Why the model gave no usable answer"))
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=6, default=0, help_text=_("USD"))
    estimated = models.BooleanField(
        default=False, help_text=_("The server told no tokens: they and the cost are estimated by length")
    )
    spared = models.CharField(max_length=8, choices=Spared, blank=True, help_text=_("Why no model was paid"))
    may_trash = models.BooleanField(default=False, help_text=_("The embedded classifier holds trashing it for safe"))
    asked = models.BooleanField(default=False, help_text=_("The person was asked, and did not come upon it by chance"))
    undone_at = models.DateTimeField(null=True, blank=True, help_text=_("When a person's verdict was taken back"))
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        indexes = [
            models.Index(  # of each message the last verdict that was not taken back: the dashboard asks for all
                models.F("message"),
                models.F("id").desc(),
                condition=models.Q(judge="person", undone_at=None),
                name="verdicts_of_people",
            )
        ]

    def __str__(self) -> str:
        return f"{self.said}, {self.sure} ({self.get_judge_display()})"

    @property
    def needs_second_key(self) -> bool:
        """Whether trash would be one judge's word alone. A rule or a person needs nobody beside them."""
        return self.judge in self.Judge.machines() and not self.may_trash

    @property
    def said(self) -> str:
        """What it says the mail is, for people."""
        category = Category(self.category)
        return str(category.settled if self.judge == self.Judge.PERSON else category.label)

    @property
    def stated(self) -> str:
        """What the model itself said, where people's answers made it something else."""
        if self.raw_confidence is None or abs(self.raw_confidence - self.confidence) < 0.005:
            return ""
        return _("the model itself said %(percent)s") % {"percent": percent(self.raw_confidence)}

    @property
    def sure(self) -> str:
        """The confidence for people."""
        return _("%(percent)s sure") % {"percent": percent(self.confidence)}

    @property
    def percent(self) -> str:
        """The confidence in per cent, as records have it."""
        return f"{int(self.confidence * 1000) / 10:g}"
