"""What the scheduler calls. The truth is in our own rows: a task that is lost or runs twice does no harm."""

from django_q.models import Schedule

from triage import services


def run_pipeline() -> str:
    """One run over every mailbox, and the due deliveries."""
    report = services.process()
    return "; ".join(f"{name}: {error}" for name, error in report.errors.items()) or "ok"


def ensure_schedules() -> None:
    """Make the schedule of the pipeline, once however often this is called."""
    Schedule.objects.update_or_create(
        name="pipeline",
        defaults={"func": "triage.tasks.run_pipeline", "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
    )
