import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from inbox_router.doctor import Finding, Result, examine, names

ROW = "{:<18} {:<6} {:>6}  {}"


class Command(BaseCommand):
    help = "Test every connection, step by step, and say what to do. No mail is touched, nothing is sent or posted."
    requires_system_checks: list[str] = []  # they are one of the checks

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")
        parser.add_argument("--only", default="", metavar="NAME", help=f"one of {', '.join(names())}")
        languages = [code for code, _ in settings.LANGUAGES]
        parser.add_argument("--language", default=settings.LANGUAGE_CODE, choices=languages, help="of what it finds")

    def handle(self, *args: Any, **options: Any) -> None:
        only = [options["only"]] if options["only"] else []
        if unknown := set(only) - set(names()):
            raise CommandError(f"There is no check {unknown.pop()}. Choose from {', '.join(names())}.")
        self.show = not options["json"]
        with translation.override(options["language"]):
            findings = self.tell(only)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings]))
        results = Counter(finding.result for finding in findings)
        summary = ", ".join(f"{results[result]} {result}" for result in Result if results[result])
        if results[Result.FAIL]:
            failed = sorted({finding.name for finding in findings if finding.result == Result.FAIL})
            raise CommandError(f"{summary}. Look at: {', '.join(failed)}.")
        if self.show:
            self.stdout.write(f"{summary}. Nothing is broken.")

    def tell(self, only: list[str]) -> list[Finding]:
        """Print each finding as soon as it is there."""
        findings = []
        if self.show:
            self.stdout.write(ROW.format("Check", "Result", "ms", "Found and what to do"))
        for finding in examine(*only):
            findings.append(finding)
            if self.show:
                self.print_row(finding)
        return findings

    def print_row(self, finding: Finding) -> None:
        self.stdout.write(ROW.format(finding.name, finding.result, finding.milliseconds, finding.found))
        if finding.hint:
            self.stdout.write(ROW.format("", "", "", f"-> {finding.hint}"))
        self.stdout.flush()
