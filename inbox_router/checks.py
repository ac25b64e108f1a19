"""System checks: settings that are missing or contradict each other, each with a hint.

An error stops every command, so it is only for what cannot work; what works but is hardly meant is a warning.
"""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.http.request import validate_host

from inbox_router.environment import DECLARED, LOOPBACK

# Of litellm's providers: those that run on this machine or sign in by means of their own.
WITHOUT_KEY = ("ollama", "ollama_chat", "lm_studio", "vertex_ai", "bedrock", "sagemaker")


def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check what every installation needs."""
    return list(chain(_names(), _mailbox(), _model(), _slack(), _sheet(), _effects(), _mail(), _web()))


def check_production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check what only matters when others rely on it; `check --deploy` runs it."""
    return list(_production())


def _names() -> Iterator[CheckMessage]:
    for name in sorted(settings.UNKNOWN_SETTINGS):
        near = get_close_matches(name, DECLARED, 1)
        hint = f"Did you mean {near[0]}?" if near else "All settings are in .env.example."
        yield Warning(f"{name} in the .env file is no setting.", hint=hint, id="inbox_router.W001")


def _mailbox() -> Iterator[CheckMessage]:
    if not settings.MAILBOXES:
        yield Warning(
            "No mailbox is watched.",
            hint="Set MAILBOX_URL=imaps://user:password@host:993/INBOX, or look at the product with `make demo`.",
            id="inbox_router.W002",
        )
    elif not settings.COMPANY_DOMAINS:
        yield Warning(
            "Mail of colleagues is treated as mail of customers.",
            hint="Set COMPANY_DOMAINS to your own domains, such as COMPANY_DOMAINS=acme.example,acme.de",
            id="inbox_router.W003",
        )


def _model() -> Iterator[CheckMessage]:
    if not settings.LLM_MODEL:
        for name in ("LLM_API_KEY", "LLM_API_BASE", "LLM_FALLBACK_MODELS"):
            if getattr(settings, name):
                yield Warning(
                    f"{name} is set but no model is: the embedded classifier judges.",
                    hint="Set LLM_MODEL, such as LLM_MODEL=gpt-4o-mini",
                    id="inbox_router.W004",
                )
        return
    provider = settings.LLM_MODEL.partition("/")[0]
    if not settings.LLM_API_KEY and not settings.LLM_API_BASE and provider not in WITHOUT_KEY:
        yield Error(
            f"The model {settings.LLM_MODEL} cannot be asked without a key.",
            hint="Set LLM_API_KEY (or LLM_API_BASE for a server of your own); empty LLM_MODEL = embedded classifier.",
            id="inbox_router.E001",
        )


def _slack() -> Iterator[CheckMessage]:
    token = settings.SLACK_BOT_TOKEN
    if settings.SLACK_MANAGER_CHANNEL and not token:
        yield Error(
            "SLACK_MANAGER_CHANNEL is set, but there is no token to write to it.",
            hint="Set SLACK_BOT_TOKEN, or empty SLACK_MANAGER_CHANNEL: alerts then go to the console.",
            id="inbox_router.E002",
        )
    if not token and (settings.SLACK_APP_TOKEN or settings.SLACK_SIGNING_SECRET):
        yield Warning(
            "Slack's buttons are set up, but there is no token to post alerts with.",
            hint="Set SLACK_BOT_TOKEN too.",
            id="inbox_router.W012",
        )
    if settings.SLACK_APP_TOKEN and not settings.SLACK_APP_TOKEN.startswith("xapp-"):
        yield Warning(
            "SLACK_APP_TOKEN is not an app-level token.",
            hint="Take one (it begins with xapp-) from your app's page 'Basic Information', scope connections:write.",
            id="inbox_router.W013",
        )
    if token and not token.startswith("xoxb-"):
        yield Warning(
            "SLACK_BOT_TOKEN is not a bot token.",
            hint="Take the 'Bot User OAuth Token' (it begins with xoxb-) from your app's page 'OAuth & Permissions'.",
            id="inbox_router.W005",
        )


def _sheet() -> Iterator[CheckMessage]:
    sheet, file = settings.GOOGLE_SHEET_ID, settings.GOOGLE_SERVICE_ACCOUNT_FILE
    if bool(sheet) != bool(file):
        missing = "GOOGLE_SERVICE_ACCOUNT_FILE" if sheet else "GOOGLE_SHEET_ID"
        yield Error(
            f"The spreadsheet needs {missing} too.",
            hint=f"Set {missing}, or neither: the audit log is then mirrored to the file AUDIT_CSV.",
            id="inbox_router.E003",
        )
    if file and (trouble := _unusable(file)):
        yield Error(
            f"GOOGLE_SERVICE_ACCOUNT_FILE cannot be used: {trouble}.",
            hint="Download a JSON key of the service account from the Google Cloud console, readable for this user.",
            id="inbox_router.E004",
        )


def _unusable(file: str) -> str:
    """Why a service account's key file cannot be used; empty if it can."""
    try:
        with open(file, encoding="utf-8") as stream:
            key = json.load(stream)
    except OSError as error:
        return error.strerror or "not readable"
    except ValueError:
        return "it is not JSON"
    wanted = {"client_email", "private_key", "token_uri"}
    return "" if isinstance(key, dict) and wanted <= key.keys() else "it is not the key of a service account"


def _effects() -> Iterator[CheckMessage]:
    if not settings.ARMED:
        yield Info(
            "Shadow mode: everything is decided and shown, nothing is done outside.",
            hint=f"When you trust the decisions, set ARMED, effect by effect: {','.join(settings.EFFECTS)}",
            id="inbox_router.I001",
        )


def _mail() -> Iterator[CheckMessage]:
    if settings.MAILBOXES and "draft" in settings.ARMED and not settings.COMPANY_NAME:
        yield Warning(
            "Replies do not say which company they are from.",
            hint="Set COMPANY_NAME, such as COMPANY_NAME=Acme",
            id="inbox_router.W014",
        )
    nameless = [account.name for account in settings.MAILBOXES.values() if "@" not in account.user]
    if nameless and not settings.MAIL_FROM:
        yield Warning(
            f"Replies from the mailbox {nameless[0]} have no sender: its user is not an address.",
            hint="Set MAIL_FROM, such as MAIL_FROM=Acme Sales <sales@acme.example>",
            id="inbox_router.W007",
        )
    encrypted = getattr(settings, "EMAIL_USE_TLS", False) or getattr(settings, "EMAIL_USE_SSL", False)
    if settings.EMAIL_HOST_PASSWORD and not encrypted and settings.EMAIL_HOST not in LOOPBACK:
        yield Error(
            "The password of EMAIL_URL would cross the network in clear.",
            hint="Write smtps:// (usually port 465) or smtp+tls:// (STARTTLS, usually port 587).",
            id="inbox_router.E005",
        )


def _web() -> Iterator[CheckMessage]:
    site = urlsplit(settings.SITE_URL)
    if not validate_host(site.hostname or "", settings.ALLOWED_HOSTS):
        yield Warning(
            f"ALLOWED_HOSTS refuses {site.hostname}, the host of SITE_URL: links in alerts lead nowhere.",
            hint=f"Add {site.hostname} to ALLOWED_HOSTS, or leave ALLOWED_HOSTS out.",
            id="inbox_router.W008",
        )
    if settings.DEBUG and site.scheme == "https":
        yield Error(
            "DEBUG is on, but SITE_URL is that of a public site: error pages would show settings and mail.",
            hint="Set DEBUG=false.",
            id="inbox_router.E006",
        )


def _production() -> Iterator[CheckMessage]:
    if "trash" in settings.ARMED and not settings.TRASH_DELAY:
        yield Warning(
            "Nobody has the time to object before a mail goes to the trash.",
            hint="Set TRASH_DELAY to at least 30 (seconds).",
            id="inbox_router.W006",
        )
    site = urlsplit(settings.SITE_URL)
    origin = f"{site.scheme}://{site.netloc}"
    if site.scheme != "https":
        yield Warning(
            "The admin is not served over https.",
            hint="Set SITE_URL=https://your.host; secure cookies, redirects and HSTS follow from it.",
            id="inbox_router.W009",
        )
    if origin not in settings.CSRF_TRUSTED_ORIGINS:
        yield Warning(
            "CSRF_TRUSTED_ORIGINS lacks the origin of SITE_URL: behind some proxies every form is refused.",
            hint=f"Add {origin} to CSRF_TRUSTED_ORIGINS, or leave CSRF_TRUSTED_ORIGINS out.",
            id="inbox_router.W010",
        )
    if not settings.EMAIL_URL.startswith("smtp"):
        yield Warning(
            "Approved replies are not sent: EMAIL_URL names no mail server.",
            hint="Set EMAIL_URL=smtps://user:password@host:465",
            id="inbox_router.W011",
        )
