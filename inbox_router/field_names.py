"""The names of rows and fields as people read them.

Django makes a name such as "cap day" of the code's own `cap_day`, out of the sight of translators. Here those names
are marked for them; a model that says a `verbose_name` of its own needs none here.
"""

from collections.abc import Iterable

from django.db.models import Model
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

# fmt: off
NAMES = frozenset((
    _("Slack ID"), _("a person must decide"), _("accepted at"), _("action"), _("active"), _("actor"), _("actor kind"),
    _("address"), _("always"), _("answer"), _("answered at"), _("arrears"), _("asked"),
    _("assignment"), _("assignments"), _("at"), _("attachments"), _("attempts"), _("audit entry"), _("automatic"),
    _("away since"), _("away until"), _("beat at"), _("body"), _("bounced ids"), _("by"), _("cached answer"),
    _("cached answers"), _("cap day"), _("cap open"), _("cap week"), _("capture check"), _("capture checks"),
    _("card"), _("catch up"), _("category"), _("cc"), _("cc addresses"),
    _("cc pool"), _("change"), _("channel"),
    _("company"), _("confidence"), _("contact"), _("contacts"), _("content hash"), _("cost"), _("countries"),
    _("counts"), _("cover"), _("created at"), _("credit"), _("decided at"), _("decided by"), _("decided run"),
    _("decision"), _("decisions"), _("deed"), _("definitions"), _("domain"), _("doubt"), _("draft"), _("drafts"),
    _("dry run"), _("dry runs"), _("due at"), _("earned"), _("effect"), _("email"), _("ended by"), _("entry"),
    _("error"), _("escalated at"), _("estimated"), _("evidence"), _("examples"), _("expires at"), _("facts"),
    _("fallback"), _("fallback after"), _("fence"), _("finished at"), _("first day"), _("first message"),
    _("first run"), _("folder"), _("freemail domain"), _("freemail domains"), _("from address"), _("from name"),
    _("guide"), _("halt"), _("halts"), _("headers"), _("hidden"),
    _("holidays"), _("hops"), _("hours"), _("html"), _("in doubt"), _("in reply to"), _("input tokens"),
    _("judge"), _("key"), _("kind"), _("label"), _("language"), _("languages"), _("last day"), _("last error"),
    _("last in at"), _("last out at"),
    _("last polled at"), _("last turn at"), _("last uid"), _("lead"), _("leads"), _("lease holder"), _("lease until"),
    _("leave"), _("leaves"), _("ledger line"), _("ledger lines"), _("lesson"), _("lessons"), _("line"), _("live at"),
    _("live by"), _("live why"), _("made at"), _("made by"), _("mail id"), _("mail subject"), _("mailbox"),
    _("mailbox delivery"), _("mailboxes"), _("mails"), _("max cost"), _("may trash"), _("membership"),
    _("memberships"), _("message"), _("message id"), _("messages"), _("model"), _("name"), _("new text"), _("note"),
    _("one key"), _("original body"), _("original subject"), _("output tokens"), _("owner"), _("owner away"),
    _("owner email"), _("owner name"), _("page"), _("pattern"), _("paused until"), _("person"), _("pool"), _("pools"),
    _("position"), _("preferences"), _("prompt"), _("queue"), _("raw"), _("raw confidence"), _("reason"),
    _("received at"),
    _("references"), _("refusal"), _("reject reason"), _("reminded at"), _("reply bounced at"),
    _("reply to"), _("request"), _("resolved at"), _("response minutes"), _("restarted at"),
    _("restarts"), _("results"), _("review reason"), _("rewrites"),
    _("row"), _("rule"), _("run"), _("runs"), _("salesperson"),
    _("same as"), _("sample"), _("scope"), _("seconds"), _("seen"), _("sender"), _("sender address"),
    _("sender domains"), _("sender evidence"), _("sender first name"), _("sender name"), _("sender rule"),
    _("sender rules"), _("sent at"), _("sent back at"), _("sent last uid"), _("sent mail"), _("sent mail id"),
    _("sent uidvalidity"),
    _("settled at"), _("sheet row"), _("sheet rows"), _("signature"), _("since"), _("size"), _("slack alert"),
    _("slack alerts"), _("source"), _("spared"), _("stage"), _("started at"), _("starter"), _("state"), _("status"),
    _("stream"), _("subject"), _("summary"), _("taken by"), _("technical"), _("text"), _("thread id"), _("time zone"),
    _("timezone"), _("to address"), _("to addresses"), _("to name"), _("token"), _("trouble"), _("uid"),
    _("uidvalidity"), _("undone at"), _("unexplained"), _("until"), _("user"), _("verdicts"), _("version"),
    _("weight"), _("why"), _("words"),
))
# fmt: on
CALLED = {  # what people call otherwise than the code does, as the sidebar does
    "aside": gettext_lazy("item put aside"),
    "asides": gettext_lazy("items put aside"),
    "category guide": gettext_lazy("version of the categories"),
    "category guides": gettext_lazy("versions of the categories"),
    "claim": gettext_lazy("item looked at"),
    "claims": gettext_lazy("items looked at"),
    "classification": gettext_lazy("judgement"),
    "classifications": gettext_lazy("judgements"),
    "heartbeat": gettext_lazy("sign of life"),
    "heartbeats": gettext_lazy("signs of life"),
    "hold": gettext_lazy("held lead"),
    "holds": gettext_lazy("held leads"),
    "reply template": gettext_lazy("reply text"),
    "reply templates": gettext_lazy("reply texts"),
}


def translate_names(models: Iterable[type[Model]]) -> None:
    """Let the names of these models and of their fields be read in each reader's language."""
    for model in models:
        for named in (model._meta, *model._meta.fields):
            for attribute in ("verbose_name", "verbose_name_plural"):
                name = str(getattr(named, attribute, ""))  # Django's own plural is made lazily
                if called := CALLED.get(name) or (gettext_lazy(name) if name in NAMES else None):
                    setattr(named, attribute, called)
