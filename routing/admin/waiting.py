"""What waits for somebody, in numbers."""

from routing.models import Hold


def holds() -> int:
    """How many leads nobody has been given."""
    return Hold.objects.filter(resolved_at=None).count()
