"""The project's settings on a clean environment: a developer's own .env never reaches a test."""

import os
import tempfile

for name in [name for name in os.environ if name.startswith(("MAILBOX_", "LLM_", "SLACK_", "GOOGLE_"))]:
    del os.environ[name]
os.environ["ENV_FILE"] = ""
data = tempfile.TemporaryDirectory(prefix="inbox-router-tests-")  # goes away with the process
os.environ["DATA_DIR"] = data.name
os.environ["COMPANY_DOMAINS"] = "acme.example"

from inbox_router.settings import *  # noqa: E402, F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.outside"]  # noqa: F405
