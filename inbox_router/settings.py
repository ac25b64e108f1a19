"""Every setting, read from the environment.

Values are parsed strictly: a misspelt boolean or number stops the program with one line that names the
variable, instead of being read as False or 0. `.env.example` explains each variable; a test compares the two.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ImproperlyConfigured

from inbox_router.environment import (
    DECLARED,
    boolean,
    database,
    email,
    load_env_file,
    mailbox_accounts,
    number,
    split_url,
    text,
    web_url,
    whole,
    words,
)
from inbox_router.unfold import UNFOLD  # noqa: F401 (a setting)

BASE_DIR = Path(__file__).resolve().parent.parent
NAMES_IN_ENV_FILE = load_env_file(BASE_DIR / ".env")

# --- the web side -----------------------------------------------------------------------------------------

DEBUG = boolean("DEBUG", False)
# Without a key of its own an installation runs for a trial only: `check --deploy` refuses this one.
SECRET_KEY = text("SECRET_KEY", "django-insecure-set-SECRET_KEY-before-anybody-else-can-reach-this-machine")
SITE_URL = web_url("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
HTTPS = SITE_URL.startswith("https://")
ALLOWED_HOSTS = words("ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{urlsplit(SITE_URL).hostname}")
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS", SITE_URL)

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the plain one: the site is ours
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "unfold.contrib.import_export",
    "inbox_router.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_q",
    "simple_history",
    "import_export",
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
    "inbox_router.preferences.middleware",
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
FORMAT_MODULE_PATH = ["inbox_router.formats"]
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "inbox_router" / "locale"]  # one catalogue for all apps
TIME_ZONE = text("TIME_ZONE", "UTC")
if TIME_ZONE not in available_timezones():
    raise ImproperlyConfigured(f"TIME_ZONE={TIME_ZONE!r} is unknown. Write one like Europe/Prague, or UTC.")
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True  # no collectstatic is needed for a demo or a small installation
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]  # asked from beside the process, not through the proxy
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

DATA_DIR = BASE_DIR / text("DATA_DIR", "var")
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"DATA_DIR: cannot create {DATA_DIR} ({error.strerror}).") from None
DATABASE_URL = text("DATABASE_URL", f"sqlite:///{quote(str(DATA_DIR / 'inbox_router.sqlite3'))}")
DATABASES = {"default": database(DATABASE_URL, BASE_DIR)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction takes the write lock when it begins. The default one fails at once with
    # "database is locked" when two readers want to become writers, whatever the timeout.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        # recursive_triggers: otherwise INSERT OR REPLACE gets past the trigger that guards the audit log.
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA journal_size_limit=27103364;"
        "PRAGMA recursive_triggers=ON;",
    }
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}  # a file, so that threads and processes share it
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- mailboxes --------------------------------------------------------------------------------------------

MAILBOXES = mailbox_accounts()
FIRST_CONNECT_DAYS = number("FIRST_CONNECT_DAYS", 2, 0, 3650)  # unread mail of these days is taken at first connect
COMPANY_NAME = text("COMPANY_NAME")  # empty: replies are signed with the salesperson's name alone
COMPANY_DOMAINS = [domain.lower().lstrip("@") for domain in words("COMPANY_DOMAINS")]
FORM_DOMAINS = [domain.lower().lstrip("@") for domain in words("FORM_DOMAINS")]
AUTH_SERVER = text("AUTH_SERVER")  # the authserv-id (RFC 8601) whose verdict on our own domains is asked for
COMPANY_LANGUAGE = text("COMPANY_LANGUAGE", "en").lower()
MAIL_FROM = text("MAIL_FROM")  # sender of approved replies; empty: the mailbox's own user

# --- judging ----------------------------------------------------------------------------------------------

LLM_MODEL = text("LLM_MODEL")
LLM_API_BASE = web_url("LLM_API_BASE")
LLM_API_KEY = text("LLM_API_KEY")
LLM_FALLBACK_MODELS = words("LLM_FALLBACK_MODELS")
LLM_TIMEOUT = number("LLM_TIMEOUT", 45, 0.1, 120)  # seconds for one call, hard; a mail takes two at most
LLM_CONCURRENCY = whole("LLM_CONCURRENCY", 8, 1, 32)  # litellm's threaded path is unsafe above 32
LLM_DAILY_BUDGET = number("LLM_DAILY_BUDGET", 0, 0, 1e6)  # USD; 0: no limit
LLM_MONTHLY_BUDGET = number("LLM_MONTHLY_BUDGET", 0, 0, 1e6)
LLM_INPUT_PRICE = number("LLM_INPUT_PRICE", 0, 0, 1e4)  # USD for a million tokens, where litellm knows no price
LLM_OUTPUT_PRICE = number("LLM_OUTPUT_PRICE", 0, 0, 1e4)
LLM_CACHE_DAYS = number("LLM_CACHE_DAYS", 30, 0, 3650)
LOCAL_TARGET = number("LOCAL_TARGET", 0, 0, 1)  # measured accuracy at which the embedded classifier decides alone
REVIEW_THRESHOLD = number("REVIEW_THRESHOLD", 0.70, 0, 1)
AUDIT_SAMPLE = number("AUDIT_SAMPLE", 2, 0, 100)  # percent of what is filed without a person
TRASH_DAILY_CAP = whole("TRASH_DAILY_CAP", 500, 0, 1_000_000)  # mails in 24 hours; more wait for the next day
OWNER_DAYS = whole("OWNER_DAYS", 180, 0, 3650)  # for so long a customer stays with their owner
WAITING_ALERT_HOURS = number("WAITING_ALERT_HOURS", 4, 0.1, 1000)
CANARY_MINUTES = whole("CANARY_MINUTES", 0, 0, 1440)  # 0: no test mails
UNDO_SECONDS = whole("UNDO_SECONDS", 10, 0, 600)  # in which a person can take a decision back
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
SLACK_API_URL = web_url("SLACK_API_URL", "https://slack.com/api/")
SLACK_MANAGER_CHANNEL = text("SLACK_MANAGER_CHANNEL")
SLACK_SIGNING_SECRET = text("SLACK_SIGNING_SECRET")
SLACK_APP_TOKEN = text("SLACK_APP_TOKEN")
GOOGLE_SERVICE_ACCOUNT_FILE = text("GOOGLE_SERVICE_ACCOUNT_FILE")
GOOGLE_SHEET_ID = text("GOOGLE_SHEET_ID")
GOOGLE_SHEETS_API_URL = web_url("GOOGLE_SHEETS_API_URL", "https://sheets.googleapis.com")
AUDIT_CSV = text("AUDIT_CSV", str(DATA_DIR / "audit.csv"))
EMAIL_URL = text("EMAIL_URL", "consolemail://")
vars().update(email(EMAIL_URL))
EMAIL_TIMEOUT = 30  # Django's default is to wait for ever

# --- the scheduler ----------------------------------------------------------------------------------------

REDIS_URL = text("REDIS_URL")
if REDIS_URL:
    split_url("REDIS_URL", REDIS_URL, "redis://host:6379/0", "redis", "rediss", "unix")
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

# Of the .env file: most likely misspelt; a system check names them.
UNKNOWN_SETTINGS = NAMES_IN_ENV_FILE - DECLARED - {f"{name}_FILE" for name in DECLARED}
