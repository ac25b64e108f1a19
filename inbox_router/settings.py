"""Every setting, and the only reader of the environment.

Values are parsed strictly: a misspelt boolean or number stops the program with one line that names the
variable, instead of being read as False or 0. `.env.example` explains each variable; a test compares the two.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

# --- reading the environment ------------------------------------------------------------------------------

DECLARED: set[str] = set()  # the names that were asked for; compared with .env.example in the tests


def text(name: str, default: str = "") -> str:
    """The variable as it stands, or the content of the file that NAME_FILE points to (for secrets)."""
    DECLARED.add(name)
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: cannot read {path} ({error.strerror}).") from None
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither true nor false. Write {name}=true or {name}=false.")


def number(name: str, default: float, low: float, high: float) -> float:
    value = text(name, str(default))
    try:
        parsed = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number. Write one from {low} to {high}.") from None
    if not low <= parsed <= high:
        raise ImproperlyConfigured(f"{name}={value} is out of range. Write a number from {low} to {high}.")
    return parsed


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word for part in text(name, default).split(",") if (word := part.strip())]


def parsed_url(name: str, value: str, parser: Any) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = parser(value)
    except (ValueError, KeyError, ImproperlyConfigured):
        raise ImproperlyConfigured(f"{name} is not a URL that can be understood; see .env.example.") from None
    if not parsed:
        raise ImproperlyConfigured(f"{name} is not a URL that can be understood; see .env.example.")
    return parsed


if (env_file := Path(os.environ.get("ENV_FILE", BASE_DIR / ".env"))).is_file():
    environ.Env.read_env(env_file)
DECLARED.add("ENV_FILE")

# --- the web side -----------------------------------------------------------------------------------------

DEBUG = boolean("DEBUG", False)
# Without a key of its own an installation runs for a trial only: `check --deploy` refuses this one.
SECRET_KEY = text("SECRET_KEY", "django-insecure-set-SECRET_KEY-before-anybody-else-can-reach-this-machine")
ALLOWED_HOSTS = words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
SITE_URL = text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
HTTPS = SITE_URL.startswith("https://")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_q",
    "simple_history",
    "csp",
    "inbox_router",
    "crm",
    "routing",
    "triage",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]
ROOT_URLCONF = "inbox_router.urls"
WSGI_APPLICATION = "inbox_router.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LANGUAGE_CODE = "en"
TIME_ZONE = text("TIME_ZONE", "UTC")
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True  # no collectstatic is needed for a demo or a small installation
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'"],  # unfold ships the Alpine build that evaluates expressions
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- storage ----------------------------------------------------------------------------------------------

DATA_DIR = Path(text("DATA_DIR", str(BASE_DIR / "var")))
DATA_DIR.mkdir(parents=True, exist_ok=True)
DATABASE_URL = text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'inbox_router.sqlite3'}")
DATABASES = {"default": parsed_url("DATABASE_URL", DATABASE_URL, environ.Env.db_url_config)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction takes the write lock when it begins. The default one fails at once with
    # "database is locked" when two readers want to become writers, whatever the timeout.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA journal_size_limit=27103364;",
    }
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}  # a file, so that threads and processes share it
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- mailboxes --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MailboxAccount:
    """Where a watched mailbox is and how to sign in to it; `security` is "tls", "starttls" or "plain"."""

    name: str
    host: str
    port: int
    user: str
    password: str
    folder: str
    security: str

    def __repr__(self) -> str:  # without the password: a repr ends up in logs
        return f"MailboxAccount({self.name}: {self.user}@{self.host}:{self.port}/{self.folder})"


LOOPBACK = ("localhost", "127.0.0.1", "::1")


def mailbox_account(variable: str, name: str, url: str) -> MailboxAccount:
    """Read `imaps://user:password@host:port/FOLDER`; user and password are percent-encoded where needed."""
    hint = f"{variable} must look like imaps://user:password@host:993/INBOX (percent-encode @ : / in the password)"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured(f"{hint}.") from None
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username or parts.password is None:
        raise ImproperlyConfigured(f"{hint}.")
    tls = parts.scheme == "imaps"
    security = "tls" if tls else "plain" if parts.hostname in LOOPBACK else "starttls"
    return MailboxAccount(
        name=name,
        host=parts.hostname,
        port=port or (993 if tls else 143),
        user=unquote(parts.username),
        password=unquote(parts.password),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        security=security,
    )


def mailbox_accounts() -> dict[str, MailboxAccount]:
    """MAILBOX_URL as "inbox" and each MAILBOX_<NAME>_URL as its name in lower case."""
    accounts = {}
    if url := text("MAILBOX_URL"):
        accounts["inbox"] = mailbox_account("MAILBOX_URL", "inbox", url)
    for variable in sorted(os.environ):
        if variable.startswith("MAILBOX_") and variable.endswith("_URL") and variable != "MAILBOX_URL":
            name = variable.removeprefix("MAILBOX_").removesuffix("_URL").lower()
            accounts[name] = mailbox_account(variable, name, os.environ[variable])
    return accounts


MAILBOXES = mailbox_accounts()
FIRST_CONNECT_DAYS = number("FIRST_CONNECT_DAYS", 2, 0, 3650)  # unread mail of these days is taken at first connect
COMPANY_NAME = text("COMPANY_NAME", "our company")
COMPANY_DOMAINS = [domain.lower().lstrip("@") for domain in words("COMPANY_DOMAINS")]
COMPANY_LANGUAGE = text("COMPANY_LANGUAGE", "en").lower()
MAIL_FROM = text("MAIL_FROM")  # sender of approved replies; empty: the mailbox's own user

# --- judging ----------------------------------------------------------------------------------------------

LLM_MODEL = text("LLM_MODEL")
LLM_API_BASE = text("LLM_API_BASE")
LLM_API_KEY = text("LLM_API_KEY")
LLM_FALLBACK_MODELS = words("LLM_FALLBACK_MODELS")
LLM_TIMEOUT = number("LLM_TIMEOUT", 45, 0.1, 120)  # seconds for one call, hard
LLM_CONCURRENCY = int(number("LLM_CONCURRENCY", 8, 1, 32))  # litellm's threaded path is unsafe above 32
REVIEW_THRESHOLD = number("REVIEW_THRESHOLD", 0.70, 0, 1)
TRASH_DELAY = number("TRASH_DELAY", 30, 0, 30 * 86400)  # seconds

# --- the outside ------------------------------------------------------------------------------------------

EFFECTS = ("label", "draft", "trash", "archive", "slack", "sheet", "crm")


def armed_effects() -> frozenset[str]:
    """Which effects are live: all by default, none in shadow mode."""
    chosen = words("ARMED", ",".join(EFFECTS))
    if chosen == ["none"]:
        return frozenset()
    if unknown := [effect for effect in chosen if effect not in EFFECTS]:
        raise ImproperlyConfigured(f"ARMED: unknown {', '.join(unknown)}. Choose from {', '.join(EFFECTS)}, or none.")
    return frozenset(chosen)


ARMED = armed_effects()
SLACK_BOT_TOKEN = text("SLACK_BOT_TOKEN")
SLACK_API_URL = text("SLACK_API_URL", "https://slack.com/api/")
SLACK_MANAGER_CHANNEL = text("SLACK_MANAGER_CHANNEL")
GOOGLE_SERVICE_ACCOUNT_FILE = text("GOOGLE_SERVICE_ACCOUNT_FILE")
GOOGLE_SHEET_ID = text("GOOGLE_SHEET_ID")
GOOGLE_SHEETS_API_URL = text("GOOGLE_SHEETS_API_URL", "https://sheets.googleapis.com")
AUDIT_CSV = text("AUDIT_CSV", str(DATA_DIR / "audit.csv"))
EMAIL_URL = text("EMAIL_URL", "consolemail://")
vars().update(parsed_url("EMAIL_URL", EMAIL_URL, environ.Env.email_url_config))
EMAIL_TIMEOUT = 30  # Django's default is to wait for ever

# --- the scheduler ----------------------------------------------------------------------------------------

REDIS_URL = text("REDIS_URL")
Q_CLUSTER: dict[str, Any] = {
    "name": "inbox_router",
    "workers": 2,
    "queue_limit": 2,
    "bulk": 1,
    # A task that is slower than `retry` runs twice at once, so retry >= timeout * (queue_limit / workers + 2).
    "timeout": 300,
    "retry": 1200,
    # The truth is in our rows and the next minute's run takes up what is left: a task is never repeated.
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "poll": 1,
    "save_limit": 200,
    "recycle": 200,
    "label": "Scheduler",
} | ({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"})

LOG_LEVEL = text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    raise ImproperlyConfigured(f"LOG_LEVEL={LOG_LEVEL} is unknown. Write DEBUG, INFO, WARNING or ERROR.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        **{name: {"level": LOG_LEVEL} for name in ("inbox_router", "triage", "routing", "crm")},
        # At DEBUG these write mail bodies.
        **{name: {"level": "WARNING"} for name in ("imapclient", "LiteLLM", "slack_sdk", "urllib3", "gspread")},
    },
}
