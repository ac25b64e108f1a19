#!/usr/bin/env python
"""Run a management command of Inbox Router."""

import os
import sys


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "inbox_router.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A wrong setting is the operator's to mend: one line that says how, no traceback.
        print(f"Settings: {error}", file=sys.stderr)
        return 1
    except OperationalError as error:
        print(f"Database: {str(error).strip().splitlines()[0]}. Check DATABASE_URL; try `migrate`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
