"""Stage 2: what is known of a sender decides before any model is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from crm.models import AuditEntry
from crm.services import Entry, record
from inbox_router.rows import save_fields
from inbox_router.shown import recorded
from triage.decisions import owe
from triage.models import Category, Classification, MailboxDelivery, Message, SenderRule
from triage.proof.canary import is_canary
from triage.stages.context import Context

Kind, Status = SenderRule.Kind, Message.Status
# The domain that signed, and the one that sent.
ALIGNED = re.compile(
    r"\bdkim=pass\b[^;]*?\bheader\.[di]=@?([\w.-]+)|\bspf=pass\b[^;]*?\bsmtp\.mailfrom=(?:[^@;\s]*@)?([\w.-]+)"
)


@dataclass(frozen=True)
class Verdict:
    """Where a message goes next; `category` where no model needs to be asked."""

    status: Message.Status
    reason: str
    category: str = ""
    rule: SenderRule | None = None


def run(context: Context) -> int:
    """Send each fetched message on: skipped, to the classifier, or already judged by a rule."""
    waiting = Message.objects.filter(mailbox=context.mailbox, status=Status.FETCHED)
    messages = list(waiting.select_related("mailbox").order_by("pk"))
    if not messages:
        return 0
    rules = Rules(SenderRule.objects.filter(active=True))
    verdicts = [(message, judge(message, rules)) for message in messages]
    for message, verdict in verdicts:
        message.status, message.sender_rule = verdict.status, verdict.rule
    judged = [classification(message, verdict) for message, verdict in verdicts if verdict.category]
    for made in judged:
        made.message.adopt(made)
    with transaction.atomic():
        context.lease.renew()
        Classification.objects.bulk_create(judged)
        save_fields(messages, ["status", "sender_rule", *Message.JUDGED])
        record([entry(message, verdict) for message, verdict in verdicts if verdict.status != Status.FILTERED])
        owe(*[MailboxDelivery.of(message, MailboxDelivery.Deed.TRASH) for message in messages if is_canary(message)])
    context.counts.update(message.status for message in messages if message.status == Status.SKIPPED)
    return len(messages)


def seed_company_rules() -> None:
    """Make the internal rules that COMPANY_DOMAINS asks for; one that a person switched off stays off."""
    for domain in settings.COMPANY_DOMAINS:
        SenderRule.objects.get_or_create(
            pattern=domain,
            scope=SenderRule.Scope.SUBDOMAINS,
            kind=Kind.INTERNAL,
            defaults={"note": "from COMPANY_DOMAINS"},
        )


class Rules:
    """The active rules, ready to be asked; the most specific one that matches counts."""

    def __init__(self, rules: Iterable[SenderRule]) -> None:
        self._rules = {(rule.scope, rule.pattern.lower().lstrip("@")): rule for rule in sorted(rules, key=precedence)}

    def matching(self, address: str) -> SenderRule | None:
        domain = address.rpartition("@")[2]
        labels = domain.split(".")
        candidates = [(SenderRule.Scope.ADDRESS, address), (SenderRule.Scope.DOMAIN, domain)]
        candidates += [(SenderRule.Scope.SUBDOMAINS, ".".join(labels[i:])) for i in range(len(labels))]
        return next((self._rules[key] for key in candidates if key in self._rules), None)

    def is_internal(self, address: str) -> bool:
        rule = self.matching(address)
        return rule is not None and rule.kind == Kind.INTERNAL


def precedence(rule: SenderRule) -> int:
    """Of two rules for the same sender the later one here counts: internal, then always, then marketing."""
    return [Kind.MARKETING, Kind.ALWAYS, Kind.INTERNAL].index(Kind(rule.kind))


def judge(message: Message, rules: Rules) -> Verdict:
    """Decide what is known without reading; pure."""
    if is_canary(message):
        return Verdict(Status.SKIPPED, "our own test mail: new mail is taken in")
    rule = rules.matching(message.sender_address)
    if message.automatic and not (rule and rule.kind == Kind.INTERNAL and message.automatic == "out-of-office"):
        return Verdict(Status.CLASSIFIED, f"automatic mail: {message.automatic}", Category.UNCERTAIN)
    if rules.is_internal(message.from_address) and rules.is_internal(message.sender_address):
        return internal(message, rules)
    if rules.is_internal(message.from_address) and (failed := unproved(message, rules)):
        return Verdict(Status.CLASSIFIED, f"says it is from our domain, but {failed}", Category.UNCERTAIN)
    if rule and rule.kind == Kind.ALWAYS and rule.category:
        return Verdict(Status.CLASSIFIED, f"rule: {rule}", rule.category, rule)
    return Verdict(Status.FILTERED, f"rule: {rule}" if rule else "", rule=rule)


def internal(message: Message, rules: Rules) -> Verdict:
    """Skip a colleague's mail, unless somebody else may have written it.

    A contact form sends from our domain with the customer's Reply-To, and anybody can write our domain into
    a From: such mail is judged like any other, and a person sees a forged one.
    """
    if message.reply_to and not rules.is_internal(message.reply_to):
        return Verdict(Status.FILTERED, "from our domain, but answers go elsewhere")
    results = message.headers.get("authentication-results", "")
    if failed := authentication_failure(results) or not_vouched_for(results, rules) or message.doubt:
        return Verdict(Status.CLASSIFIED, f"says it is from our domain, but {failed}", Category.UNCERTAIN)
    return Verdict(Status.SKIPPED, "internal mail from our own domain", rule=rules.matching(message.from_address))


def unproved(message: Message, rules: Rules) -> str:
    """What speaks against a colleague's word for who wrote a mail, as in a forward; empty if nothing does.

    The address that answers go to anyhow needs nobody's word.
    """
    results = message.headers.get("authentication-results", "")
    if message.sender_address == message.reply_to:
        return ""
    return authentication_failure(results) or not_vouched_for(results, rules)


def authentication_failure(results: str) -> str:
    """What our own server's check of the sender says against it (RFC 8601); empty if nothing."""
    found = re.search(r"\b(dmarc|spf)=(fail|softfail)\b", results, re.IGNORECASE)
    if not found or (re.search(r"\bdkim=pass\b", results, re.IGNORECASE) and found[1].lower() == "spf"):
        return ""
    return f"{found[1].upper()} failed"


def not_vouched_for(results: str, rules: Rules) -> str:
    """Why it is not sure that our own server let one of us send it (RFC 8601); empty if it is, or where we cannot know.

    `results` is the topmost Authentication-Results; what other servers write into theirs proves nothing.
    """
    said = results.lower()
    if not settings.AUTH_SERVER:
        return ""
    if said.partition(";")[0].split()[:1] != [settings.AUTH_SERVER.lower()]:
        return f"{settings.AUTH_SERVER} says nothing about it"
    domains = [domain for pair in ALIGNED.findall(said) for domain in pair if domain]
    if re.search(r"\b(dmarc|auth)=pass\b", said) or any(rules.is_internal(f"@{domain}") for domain in domains):
        return ""
    return f"{settings.AUTH_SERVER} does not vouch for that"


def classification(message: Message, verdict: Verdict) -> Classification:
    return Classification(
        message=message,
        judge=Classification.Judge.RULE,
        model=str(verdict.rule or "automatic mail")[:100],
        category=verdict.category,
        confidence=1.0,
        reason=verdict.reason[:500],
    )


def entry(message: Message, verdict: Verdict) -> Entry:
    skipped = verdict.status == Status.SKIPPED
    return Entry(
        key=f"message:{message.name}:prefiltered",
        action="skipped" if skipped else "classified",
        subject=f"message:{message.pk}",
        summary=f"{'Skipped' if skipped else recorded(Category(verdict.category).label)}: {verdict.reason}",
        reason=verdict.reason,
        actor="sender rules",
        actor_kind=AuditEntry.Actor.RULE,
        sender=message.sender_address,
        mail_subject=message.subject,
    )


def rule_evidence(message: Message) -> Sequence[str]:
    """The rule that matched, in words for the classifier."""
    rule = message.sender_rule
    if rule is None:
        return ()
    return (f"The sender is on our list: {rule.pattern} is {rule.kind}" + (f" ({rule.note})" if rule.note else ""),)
