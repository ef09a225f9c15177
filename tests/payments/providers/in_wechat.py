"""What WeChat does on a phone, against its stand-in: it tells who reads a page, and is handed payments by the page."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from tests.carriers.sandbox_process import BROWSER, RunningSandbox

OUR_PAGES = "https://portal.example/"
"""What other sites learn of where a browser comes from, by the portal's policy."""

READER = "oSandbox0000000000000000001"
"""The openid of the one reader that the stand-in knows."""

USER_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50"
)


def code_from(sign_in_page: str, *, user_agent: str = USER_AGENT) -> str:
    """Open WeChat's sign-in page inside it, and give the code that it leads back with."""
    answer = BROWSER.get(sign_in_page, headers={"User-Agent": user_agent})
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def hand_over(sandbox: RunningSandbox, for_app: Mapping[str, str], choice: str) -> str:
    """Hand a payment to WeChat, have its payer choose, and give WeChat's word on it: `ok`, `cancel` or `fail`."""
    answer = BROWSER.post(f"{sandbox.url}/wechat_pay/app/pay", data={**for_app, "choice": choice})
    return str(answer.raise_for_status().json()["err_msg"]).removeprefix("get_brand_wcpay_request:")
