"""The pages of the records: contacts, the audit log, and its mirror."""

from crm.admin import audit, records

__all__ = ["audit", "records"]
