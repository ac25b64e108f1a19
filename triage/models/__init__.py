"""Mail, what was judged of it, and what is owed for it."""

from triage.models.cached import CachedAnswer
from triage.models.capture import CaptureCheck
from triage.models.delivery import MailboxDelivery
from triage.models.draft import Draft
from triage.models.guide import CategoryGuide, DryRun
from triage.models.judgement import Category, Classification, SenderRule
from triage.models.lesson import Lesson
from triage.models.mailbox import Mailbox, Run
from triage.models.message import Message, SentMail
from triage.models.wording import ReplyTemplate
from triage.models.work import Aside, Claim, Decision, Queue
from triage.models.worker import Heartbeat

__all__ = [
    "Aside",
    "CachedAnswer",
    "CaptureCheck",
    "Category",
    "CategoryGuide",
    "Claim",
    "Classification",
    "Decision",
    "Draft",
    "DryRun",
    "Heartbeat",
    "Lesson",
    "Mailbox",
    "MailboxDelivery",
    "Message",
    "Queue",
    "ReplyTemplate",
    "Run",
    "SenderRule",
    "SentMail",
]
