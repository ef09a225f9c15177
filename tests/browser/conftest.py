"""A portal and as many browser windows as a test likes; no window may complain of anything."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from portal.demo.cast import Member
from tests.browser.portal import Portal, open_portal
from tests.browser.visitors import PATIENCE_MS, Visitor
from tools.set_up import find_chromium

LOCALES = {"en": "en-GB", "zh": "zh-CN"}

ARGUMENTS = [
    "--no-sandbox",  # Tests may run as root, where Chromium has no sandbox of its own.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Opens = Callable[..., Visitor]
"""Opens a browser window: `visitor()`, `visitor("zh")`, `visitor(java_script_enabled=False)`."""

Lets = Callable[..., Visitor]
"""Opens a window of somebody who has signed in: `member(cast.ALICE)`, `member(cast.DANA, "zh")`."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.fail(
            "Browser tests need Chromium. Get it with `sudo apt-get install chromium`, "
            "or name one that you have: make test CHROMIUM=/path/to/chrome"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with open_portal(tmp_path_factory.mktemp("portal")) as opened:
        yield opened


@pytest.fixture(scope="session")
def kept_cookies() -> dict[tuple[str, str], StorageState]:
    """What the browsers of those who signed in before have kept, by e-mail and language."""
    return {}


@pytest.fixture
def member(visitor: Opens, kept_cookies: dict[tuple[str, str], StorageState]) -> Lets:
    """Whoever signed in once comes back with the same cookies: most tests are not about the form."""

    def let_in(who: Member, language: str = "en") -> Visitor:
        kept = who.email, language
        if kept in kept_cookies:
            return visitor(language, storage_state=kept_cookies[kept])
        window = visitor(language).sign_in(who)
        kept_cookies[kept] = window.context.storage_state()
        return window

    return let_in


@pytest.fixture
def visitor(portal: Portal, chromium: Browser) -> Iterator[Opens]:
    expect.set_options(timeout=PATIENCE_MS)
    portal.carrier.clear_faults()
    opened: list[Visitor] = []

    def open_window(language: str = "en", **options: Any) -> Visitor:
        context = chromium.new_context(
            base_url=portal.address,
            locale=LOCALES[language],
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            **options,
        )
        opened.append(Visitor(context, language))
        return opened[-1]

    yield open_window
    for one in opened:
        one.context.close()
    assert [complaint for one in opened for complaint in one.complaints] == []
