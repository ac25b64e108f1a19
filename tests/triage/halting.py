"""A mail backend behind which somebody throws the kill switch as soon as one mail is out."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend as InMemory

from inbox_router.models import Halt


class EmailBackend(InMemory):
    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        sent: int = super().send_messages(messages)
        Halt.begin("mona", "odd")
        return sent
