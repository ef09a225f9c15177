"""Take the pictures of the README anew, from a portal that runs with the demo in it: `python -m tools.pictures`.

Give the address when it is another than http://127.0.0.1:8000. Poppler's `pdftoppm` draws the receipt.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from portal.demo import cast
from portal.demo.cast import Member
from tools.set_up import find_chromium

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "images"

DESK = {"width": 1440, "height": 930}
PHONE = {"width": 390, "height": 844}
DESK_SCALE = 0.85
"""So that a desk's picture is about 1200 dots wide."""

FRESH = "zhu.yao@customers.example"
"""A customer of the demo whose latest renewal was delivered by the running worker, not told by the story."""

PAPER_DPI = 108
"""A4 is then 893 dots wide."""


def main() -> int:
    """Take every picture; return the exit code for the shell."""
    address = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        take_agent(browser, address)
        take_admin(browser, address)
        take_phone(browser, address)
        browser.close()
    return 0


def take_agent(browser: Browser, address: str) -> None:
    """The agent's home, in Chinese."""
    with window(browser, address, language="zh-CN", viewport=DESK) as page:
        sign_in(page, cast.ALICE)
        shoot(page, "agent")


def take_admin(browser: Browser, address: str) -> None:
    """One transaction as the operator sees it, in English, and its receipt."""
    with window(browser, address, language="en-GB", viewport=DESK) as page:
        sign_in(page, cast.DANA)
        page.goto(f"/admin/transactions?customer={FRESH}&state=delivered")
        page.locator("#list a.row-link").first.click()
        shoot(page, "admin")
        receipt = page.locator('main a[href$="/receipt.pdf"]').get_attribute("href")
        draw_receipt(page.context.request.get(str(receipt)).body())


def take_phone(browser: Browser, address: str) -> None:
    """A customer's cards on a phone, in Chinese; the code comes from the mail that dana may read in the demo."""
    with (
        window(browser, address, language="zh-CN", viewport=PHONE) as page,
        window(browser, address, language="en-GB", viewport=DESK) as desk,
    ):
        sign_in(desk, cast.DANA)
        page.goto("/my/sign-in")
        page.fill("main [name=email]", cast.CAROL)
        page.click("main form .btn-primary")
        page.fill("main [name=code]", code_for_carol(desk))
        page.click("main form .btn-primary")
        page.wait_for_url("**/my/")
        shoot(page, "phone")


def code_for_carol(desk: Page) -> str:
    """Wait for the mail with her code and read it."""
    for _look in range(50):
        desk.goto(f"/admin/mails?q={cast.CAROL}")
        subject = desk.locator("#list tbody tr").first.inner_text()
        if found := re.search(r"\b\d{6}\b", subject):
            return found[0]
        desk.wait_for_timeout(200)
    sys.exit("No mail with a code came: does the worker run?")


def draw_receipt(pdf: bytes) -> None:
    """Draw the first page of a receipt, without the empty foot of the paper."""
    with tempfile.TemporaryDirectory() as folder:
        paper = Path(folder) / "receipt.pdf"
        paper.write_bytes(pdf)
        foot = ["-H", str(round(8.6 * PAPER_DPI))]
        subprocess.run(
            ["pdftoppm", "-png", "-singlefile", "-r", str(PAPER_DPI), *foot, paper, PICTURES / "receipt"], check=True
        )


@contextmanager
def window(browser: Browser, address: str, *, language: str, viewport: dict[str, int]) -> Iterator[Page]:
    """Open a browser window for somebody."""
    context = browser.new_context(
        base_url=address,
        locale=language,
        viewport=viewport,  # type: ignore[arg-type]
        device_scale_factor=DESK_SCALE if viewport == DESK else 1,
        color_scheme="light",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


def sign_in(page: Page, member: Member) -> None:
    """Sign in by the form."""
    page.goto("/sign-in")
    page.fill("main [name=email]", member.email)
    page.fill("main [name=password]", member.password)
    page.click("main form .btn-primary")
    page.wait_for_selector(".menu")


def shoot(page: Page, name: str) -> None:
    """Keep what the window shows, once its charts are drawn."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
