"""WeChat around a browser window: it puts its bridge into every page, late as on a phone, and asks the payer."""

import time
from dataclasses import dataclass
from typing import Any

from tests.browser.visitors import PATIENCE_MS, PHONE, Visitor
from tests.carriers.sandbox_process import RunningSandbox
from tests.payments.providers import in_wechat

INSIDE_WECHAT = PHONE | {"user_agent": in_wechat.USER_AGENT}
"""Options of a window that WeChat shows on a phone."""

BRIDGE = """
setTimeout(() => {
  window.WeixinJSBridge = {
    invoke: (act, handed, tell) => window.askWeChat(act, handed).then((word) => tell({ err_msg: word })),
  };
  document.dispatchEvent(new Event("WeixinJSBridgeReady"));
}, 300);
"""


@dataclass
class WeChat:
    """The app; `choice` is what its payer does next: `pay`, `decline` or `abandon`."""

    sandbox: RunningSandbox
    choice: str = "pay"
    opened: int = 0
    """How often its sheet was shown."""

    def show(self, window: Visitor) -> None:
        """Be around all pages that a window opens from now on."""
        window.context.expose_function("askWeChat", self._ask)
        window.context.add_init_script(BRIDGE)

    def wait_until_opened(self, times: int, window: Visitor) -> None:
        """Wait until the sheet was shown so many times in all."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while self.opened < times:
            assert time.monotonic() < end, f"the sheet was shown {self.opened} times"
            window.page.wait_for_timeout(50)

    def _ask(self, act: str, handed: dict[str, Any]) -> str:
        assert act == "getBrandWCPayRequest"
        self.opened += 1
        return f"get_brand_wcpay_request:{in_wechat.hand_over(self.sandbox, handed, self.choice)}"
