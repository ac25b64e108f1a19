"""A real Chromium before the running admin. What any page may never do fails the test that opened it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop running in this thread
PICTURES = Path(settings.BASE_DIR) / "test-results" / "pictures"
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
DEVICES = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "twice the size": {"viewport": {"width": 720, "height": 450}, "device_scale_factor": 2},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FAULTS = """async () => (await axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})).violations.map(
    fault => `${fault.id}: ` + fault.nodes.slice(0, 3).map(node => node.target.join(" ")).join(" | "))"""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium; a container has no sandbox and little shared memory."""
    return {"executable_path": "/usr/bin/chromium", "args": ["--no-sandbox", "--disable-dev-shm-usage"]}


@pytest.fixture(autouse=True)
def fresh(transactional_db: None) -> None:
    """Nobody holds anything from the test before."""
    cache.clear()


@dataclass
class Desk:
    """One person at one browser. `trouble` is what pages did that they may not do."""

    page: Page
    server: str
    trouble: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: said.type == "error" and self.trouble.append(f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self.trouble.append(f"script: {error}"))
        self.page.on("request", self._outside)

    def _outside(self, request: Any) -> None:
        if not request.url.startswith((self.server, "data:", "blob:")):
            self.trouble.append(f"asked another host: {request.url}")

    def open(self, path: str) -> int:
        """Go to an address of the admin; the status of the answer."""
        answer = self.page.goto(f"{self.server}{path}", wait_until="networkidle")
        assert answer
        if sideways := self.page.evaluate(SIDEWAYS):
            self.trouble.append(f"{path} scrolls sideways by {sideways} px")
        return answer.status

    def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)

    def faults(self) -> list[str]:
        """What axe finds against WCAG 2.1 A and AA on this page."""
        self.page.evaluate(AXE)
        found: list[str] = self.page.evaluate(FAULTS)
        return found


@pytest.fixture
def sit_down(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Desk]]:
    """Give somebody a browser, signed in: `sit_down("mia")`."""
    contexts: list[BrowserContext] = []
    desks: list[Desk] = []

    def sit(username: str = "", device: str = "desktop", scheme: str = "light", **options: Any) -> Desk:
        context = browser.new_context(color_scheme=scheme, **DEVICES[device], **options)
        contexts.append(context)
        if username:
            client = Client()
            client.force_login(get_user_model().objects.get(username=username))
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        desks.append(Desk(context.new_page(), live_server.url))
        return desks[-1]

    yield sit
    for context in contexts:
        context.close()
    assert [trouble for desk in desks for trouble in desk.trouble] == []
