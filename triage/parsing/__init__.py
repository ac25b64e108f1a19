"""Reading mail: bytes -> ParsedMail, by pure functions that no mail can make fail, hang or swell.

`mail.parse` is the way in; each other module reads one thing: headers, addresses, bodies, quotes, sender, ...
`reader` has it done by a child process, which can be killed when a mail hurts.
"""

from triage.parsing.mail import ParsedHeader, ParsedMail, UnreadableMail, parse, parse_header
from triage.parsing.names import first_name
from triage.parsing.raw import fetched_from_bytes
from triage.parsing.sender import Letter, Sender, effective_sender, passes_on
from triage.parsing.threads import thread_root

__all__ = [
    "Letter",
    "ParsedHeader",
    "ParsedMail",
    "Sender",
    "UnreadableMail",
    "effective_sender",
    "fetched_from_bytes",
    "first_name",
    "parse",
    "parse_header",
    "passes_on",
    "thread_root",
]
