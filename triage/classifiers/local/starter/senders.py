"""Who starter mail comes from: addresses and headers as they are met with each kind of mail, with exceptions."""

import random
from collections.abc import Callable

Envelope = tuple[str, str, dict[str, str]]
LIST = {"list-unsubscribe": "<mailto:leave@lists.example>", "list-id": "<lists.example>"}


def envelope_for(profile: str, values: dict[str, str], chance: random.Random, reply: bool = False) -> Envelope:
    """Display name, address and headers for a profile, or for a category that is its own profile."""
    name, address, headers = PROFILES.get(profile, _person)(values, chance)
    if reply or chance.random() < 0.06:
        headers["in-reply-to"] = "<earlier@mail.example>"
    return name, address, headers


def _some(chance: random.Random, odds: dict[str, tuple[float, str]]) -> dict[str, str]:
    return {name: value for name, (odd, value) in odds.items() if chance.random() < odd}


def _person(values: dict[str, str], chance: random.Random) -> Envelope:
    first, last = values["first"].lower(), values["last"].lower()
    local = chance.choice((f"{first}.{last}", f"{first[0]}{last}", first, f"{last}{chance.randint(1, 99)}", "info"))
    domain = values["free"] if chance.random() < 0.35 else values["domain"]
    name = chance.choice(
        (values["name"], values["name"], f"{values['last']}, {values['first']}", values["company"], "")
    )
    odds = {"list-unsubscribe": (0.02, "<mailto:off@x.example>"), "reply-to": (0.05, f"{local}@{domain}")}
    return name, _ascii(f"{local}@{domain}"), _some(chance, odds)


def _lead(values: dict[str, str], chance: random.Random) -> Envelope:
    if chance.random() < 0.12:
        return values["company"], f"wordpress@{values['domain']}", {"reply-to": _ascii(values["mail"])}
    return _person(values, chance)


def _accounting(values: dict[str, str], chance: random.Random) -> Envelope:
    name, address, headers = _person(values, chance)
    if chance.random() < 0.4:
        local = chance.choice(("accounting", "billing", "invoice", "ap", "buchhaltung", "finance", "noreply", "office"))
        name, address = values["company"], f"{local}@{values['domain']}"
        headers |= _some(chance, {"list-unsubscribe": (0.05, "<mailto:off@x.example>"), "precedence": (0.04, "bulk")})
    return name, address, headers


def _newsletter(values: dict[str, str], chance: random.Random) -> Envelope:
    if chance.random() < 0.22:
        return _person(values, chance)
    local = chance.choice(
        (
            "news",
            "newsletter",
            "noreply",
            "no-reply",
            "hello",
            "marketing",
            "info",
            "team",
            "shop",
            values["first"].lower(),
        )
    )
    domain = chance.choice(("", "news.", "mail.", "e.", "mailing.")) + values["domain"]
    odds = {
        "list-unsubscribe": (0.75, "<https://x.example/unsubscribe>"),
        "list-unsubscribe-post": (0.4, "List-Unsubscribe=One-Click"),
        "precedence": (0.25, "bulk"),
        "list-id": (0.3, "<news.x.example>"),
        "feedback-id": (0.2, "1:2:x"),
        "reply-to": (0.4, f"reply@{values['domain']}"),
        "auto-submitted": (0.03, "auto-generated"),
    }
    return chance.choice((values["company"], values["first"])), f"{local}@{domain}", _some(chance, odds)


def _spam(values: dict[str, str], chance: random.Random) -> Envelope:
    ending = chance.choice(
        ("top", "xyz", "icu", "ru", "click", "shop", "online", "com", "net", "com", "net", "org", "com.br")
    )
    stem = values["stem"] + chance.choice(("", "-secure", str(chance.randint(1, 999)), "mail"))
    local = chance.choice(
        (f"{values['first'].lower()}{chance.randint(1, 99999)}", "support", "admin", "info", "noreply", "security")
    )
    domain = values["free"] if chance.random() < 0.35 else f"{stem}.{ending}"
    odds = {
        "reply-to": (0.35, f"{values['last'].lower()}{chance.randint(1, 999)}@{values['free']}"),
        "list-unsubscribe": (0.12, "<mailto:u@x.example>"),
        "precedence": (0.05, "bulk"),
    }
    return (
        chance.choice((values["name"], values["company"], "Support", "")),
        _ascii(f"{local}@{domain}"),
        _some(chance, odds),
    )


def _discussion(values: dict[str, str], chance: random.Random) -> Envelope:
    name, address, _ = _person(values, chance)
    odds = {
        "list-post": (0.7, "<mailto:l@lists.example>"),
        "in-reply-to": (0.8, "<a@b.example>"),
        "mailing-list": (0.15, "list l"),
    }
    return name, address, LIST | _some(chance, odds) | {"precedence": chance.choice(("list", "bulk"))}


def _automatic(values: dict[str, str], chance: random.Random) -> Envelope:
    name, address, headers = _person(values, chance)
    odds = {
        "auto-submitted": (0.6, "auto-replied"),
        "x-auto-response-suppress": (0.3, "All"),
        "precedence": (0.1, "auto_reply"),
    }
    return name, address, headers | _some(chance, odds)


def _bounce(values: dict[str, str], chance: random.Random) -> Envelope:
    local = chance.choice(("mailer-daemon", "postmaster"))
    return (
        "Mail Delivery System",
        f"{local}@{values['domain']}",
        _some(chance, {"auto-submitted": (0.6, "auto-replied")}),
    )


def _robot(values: dict[str, str], chance: random.Random) -> Envelope:
    local = chance.choice(("noreply", "no-reply", "notification", "alert", "root", "orders"))
    odds = {"auto-submitted": (0.4, "auto-generated"), "list-unsubscribe": (0.08, "<mailto:u@x.example>")}
    return values["company"], f"{local}@{values['domain']}", _some(chance, odds)


def _form(values: dict[str, str], chance: random.Random) -> Envelope:
    local = chance.choice(("wordpress", "noreply", "no-reply", "forms", "website", "notifications", "info"))
    odds = {"reply-to": (0.7, _ascii(values["mail"])), "list-unsubscribe": (0.12, "<mailto:u@x.example>")}
    name = chance.choice((values["company"], values["name"], "Website"))
    return name, f"{local}@{values['domain']}", _some(chance, odds)


def _billing(values: dict[str, str], chance: random.Random) -> Envelope:
    local = chance.choice(("billing", "invoice", "invoices", "noreply", "no-reply", "accounts", "payments", "hello"))
    odds = {
        "list-unsubscribe": (0.2, "<mailto:u@x.example>"),
        "auto-submitted": (0.15, "auto-generated"),
        "precedence": (0.08, "bulk"),
        "reply-to": (0.3, f"support@{values['domain']}"),
    }
    return values["company"], f"{local}@{values['domain']}", _some(chance, odds)


def _ascii(address: str) -> str:
    return address.encode("ascii", "ignore").decode().replace(" ", "") or "info@x.example"


PROFILES: dict[str, Callable[[dict[str, str], random.Random], Envelope]] = {
    "lead": _lead,
    "accounting": _accounting,
    "newsletter": _newsletter,
    "spam": _spam,
    "list": _discussion,
    "auto": _automatic,
    "bounce": _bounce,
    "robot": _robot,
    "form": _form,
    "billing": _billing,
}
