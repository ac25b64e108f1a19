"""The only reader of the environment: strict, so that no misspelt value is taken for False, 0 or nothing.

Each function stops the program with one line that names the variable and shows how to write it.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

DECLARED: set[str] = set()  # the names that were asked for; compared with .env.example in the tests


def text(name: str, default: str = "") -> str:
    """The variable as it stands, or the content of the file that NAME_FILE points to (for secrets)."""
    DECLARED.add(name)
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}.") from None
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


def whole(name: str, default: int, low: int, high: int) -> int:
    value = number(name, default, low, high)
    if not value.is_integer():
        raise ImproperlyConfigured(f"{name}={value} is not a whole number. Write one from {low} to {high}.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word for part in text(name, default).split(",") if (word := part.strip())]


def split_url(name: str, value: str, example: str, *schemes: str) -> SplitResult:
    """The parts of a URL of one of the schemes. The error shows the example, not the value: it may hold a password."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 (raises where it is no number)
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in schemes:
        raise ImproperlyConfigured(f"{name} is not a URL that can be used. It must look like {example}.")
    return parts


def web_url(name: str, default: str = "") -> str:
    """An http or https URL, or nothing."""
    example = default or "https://host.example/path"
    value = text(name, default)
    if value and not split_url(name, value, example, "http", "https").hostname:
        raise ImproperlyConfigured(f"{name} is not a URL that can be used. It must look like {example}.")
    return value


def read_env_file(path: Path) -> set[str]:
    """Load the NAME=value lines of a file; what the environment already holds wins. Returns the names in it."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{path.name} cannot be read: {error}.") from None
    names = set()
    for position, line in enumerate(lines, 1):
        if name := re.match(r"(?:export )?(\w+)=", line):
            names.add(name[1])
        elif line and not line.startswith("#"):
            raise ImproperlyConfigured(f"{path.name}, line {position}: write NAME=value, or # before a comment.")
    environ.Env.read_env(path)
    return names


def load_env_file(default: Path) -> set[str]:
    """Load the file that ENV_FILE names (empty: none), or the default one if it is there; returns the names in it."""
    chosen = os.environ.get("ENV_FILE")
    DECLARED.add("ENV_FILE")
    if chosen is None:
        return read_env_file(default) if default.is_file() else set()
    return read_env_file(Path(chosen)) if chosen else set()


def without_settings() -> dict[str, str]:
    """The environment without our settings: for a child process that gets others."""
    ours = DECLARED | {f"{name}_FILE" for name in DECLARED}
    return {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("MAILBOX_")}


def with_settings(values: dict[str, str]) -> dict[str, str]:
    """The environment with other values of some settings: for a child process that tries them."""
    ours = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in values}
    return ours | values | {"DJANGO_SETTINGS_MODULE": "inbox_router.settings"}


def database(url: str, folder: Path) -> dict[str, Any]:
    """Django's words for `postgres://user:password@host/name?sslmode=require` or `sqlite:///FILE`, from the folder."""
    example = "postgres://user:password@host:5432/name or sqlite:////folder/file.sqlite3"
    parts = split_url("DATABASE_URL", url, example, "sqlite", "postgres", "postgresql")
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ImproperlyConfigured(f"DATABASE_URL names no database. It must look like {example}.")
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / name}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


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
    example = "imaps://user:password@host:993/INBOX (with %40 %3A %2F %23 %25 for @ : / # % in the password)"
    parts = split_url(variable, url, example, "imap", "imaps")
    if not (parts.hostname and parts.username and parts.password) or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{variable} is not a URL that can be used. It must look like {example}.")
    tls = parts.scheme == "imaps"
    security = "tls" if tls else "plain" if parts.hostname in LOOPBACK else "starttls"
    return MailboxAccount(
        name=name,
        host=parts.hostname,
        port=parts.port or (993 if tls else 143),
        user=unquote(parts.username),
        password=unquote(parts.password),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        security=security,
    )


def mailbox_accounts() -> dict[str, MailboxAccount]:
    """MAILBOX_URL as "inbox" and each MAILBOX_<NAME>_URL as its name in lower case."""
    names = {"MAILBOX_URL": "inbox"}
    for variable in sorted(os.environ):
        if more := re.fullmatch(r"(MAILBOX_(\w+)_URL)(_FILE)?", variable):
            names[more[1]] = more[2].lower()
    return {name: mailbox_account(variable, name, url) for variable, name in names.items() if (url := text(variable))}


# scheme: (Django's backend, its usual port, how the connection is encrypted)
EMAIL_SCHEMES: dict[str, tuple[str, int, dict[str, bool]]] = {
    "consolemail": ("console", 0, {}),
    "filemail": ("filebased", 0, {}),
    "smtp": ("smtp", 25, {}),
    "smtp+tls": ("smtp", 587, {"EMAIL_USE_TLS": True}),
    "smtps": ("smtp", 465, {"EMAIL_USE_SSL": True}),
}


def email(url: str) -> dict[str, Any]:
    """Django's EMAIL_ settings for `smtps://user:password@host:465`, or `smtp+tls://` for STARTTLS."""
    example = "smtps://user:password@host:465 or smtp+tls://user:password@host:587"
    parts = split_url("EMAIL_URL", url, example, *EMAIL_SCHEMES)
    backend, port, encryption = EMAIL_SCHEMES[parts.scheme]
    if backend == "smtp" and not parts.hostname:
        raise ImproperlyConfigured(f"EMAIL_URL names no host. It must look like {example}.")
    return {
        "EMAIL_BACKEND": f"django.core.mail.backends.{backend}.EmailBackend",
        "EMAIL_HOST": parts.hostname or "",
        "EMAIL_PORT": parts.port or port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_FILE_PATH": unquote(parts.path),
        **encryption,
    }
