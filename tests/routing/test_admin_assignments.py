"""The list of assignments."""

import pytest
from django.test import Client
from django.urls import reverse

from routing.models import Assignment
from tests import office
from tests.routing.making import give, lead

pytestmark = pytest.mark.django_db


def found(client: Client, asked: str) -> list[str]:
    page = client.get(reverse("admin:routing_assignment_changelist"), {"q": asked})
    return [row.lead.subject for row in page.context["cl"].result_list]


def test_assignments_are_found_by_lead_customer_and_person(client):
    client.force_login(office.boss())
    office.team()
    for subject, address in (("Valves", "ada@pumps.example"), ("Gaskets", "bob@drives.example")):
        give(lead(address, subject=subject))
    who = Assignment.objects.get(lead__subject="Gaskets").salesperson.name
    assert found(client, "valv") == ["Valves"]
    assert found(client, "drives.example") == ["Gaskets"]
    assert "Gaskets" in found(client, who)
    assert found(client, "berta buyer") == ["Gaskets", "Valves"]
    assert found(client, f"{who} valves") == [], "every word counts"
    assert found(client, "xylophon") == []
