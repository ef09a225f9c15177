"""People with a browser: what they do on a page, and what their browser complained of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Response, WebError, expect

from portal.demo.cast import Member

REPORTS_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`The policy kept out ${event.blockedURI} (${event.violatedDirective})`));
"""

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
}
"""Options of a window that is a phone, and says so."""

REFUSALS = "Failed to load resource: the server responded with a status of 4"
"""What Chromium writes to the console beside each page that says no; tests look at those pages themselves."""

PATIENCE_MS = 15_000
"""A processor shared with other tests is slow; a page that is right answers long before."""


@dataclass
class Visitor:
    """Somebody at a browser window of their own, in a language of their own."""

    context: BrowserContext
    language: str
    complaints: list[str] = field(default_factory=list)
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.add_init_script(REPORTS_VIOLATIONS)
        self.context.on("console", self._hear)
        self.context.on("weberror", self._note_fault)
        self.context.on("response", self._note_failure)
        self.page = self.context.new_page()

    def go(self, path: str) -> None:
        """Open a page by its address."""
        self.page.goto(path)

    def sign_in(self, member: Member) -> "Visitor":
        """Sign in by the form; returns the visitor."""
        return self.sign_in_with(member.email, member.password)

    def sign_in_with(self, email: str, password: str) -> "Visitor":
        """Sign in by the form with an e-mail and a password; returns the visitor."""
        self.go("/sign-in")
        self.fill(email=email, password=password)
        self.send()
        expect(self.page.locator(".menu")).to_be_visible()
        return self

    def enter(self, email: str, *, code_for: Callable[[str], str]) -> "Visitor":
        """Enter as a customer, by a code from a mail; returns the visitor.

        Args:
            email: The customer's.
            code_for: Waits for the mail to an address, and gives the code in it.
        """
        self.go("/my/sign-in")
        self.fill(email=email)
        self.send()
        self.page.wait_for_url("**/my/sign-in/code")
        self.fill(code=code_for(email))
        self.send()
        self.page.wait_for_url("**/my/")
        return self

    def fill(self, **fields: str) -> None:
        """Type into the fields of these names, or choose in them."""
        for name, value in fields.items():
            control = self.page.locator(f"main [name={name}]").first
            if control.evaluate("control => control.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)

    def send(self, within: str = "main form:not([role=search])") -> None:
        """Press the main button of the form."""
        self.page.locator(f"{within} button.btn-primary").first.click()

    def follow(self, address: str) -> None:
        """Press the link that leads to an address."""
        self.page.locator(f'main a[href="{address}"]').first.click()

    def sees(self, *words: str) -> None:
        """Wait until the page says all of this."""
        for text in words:
            expect(self.page.locator("main")).to_contain_text(text)

    def told(self) -> Locator:
        """Give the messages at the edge of the page."""
        return self.page.locator("[data-toast]")

    def download(self, address: str) -> bytes:
        """Fetch a file with this browser's cookies."""
        answer = self.context.request.get(address)
        assert answer.ok, f"{address}: {answer.status}"
        return answer.body()

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(REFUSALS):
            self.complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    def _note_fault(self, fault: WebError) -> None:
        self.complaints.append(f"{fault.page.url if fault.page else ''}: {fault.error}")

    def _note_failure(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.url}: {response.status}")
