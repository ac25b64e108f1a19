"""A first name to greet with, or none: rather a neutral greeting than a wrong one."""


def first_name(display_name: str, address: str = "") -> str | None:
    """Find the first name in a display name; None if it is not certain."""
    return None
