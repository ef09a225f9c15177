"""Learn who reads a page inside WeChat, by the web sign-in that asks nothing of the reader (scope `snsapi_base`).

What comes of it is the `openid`: what this one app calls its reader, and nothing else about them.
"""

from urllib.parse import urlencode

from portal.core.http import Answer, Endpoint
from portal.payments.providers import reaching
from portal.payments.providers.base import Declined, Retry
from portal.payments.providers.mainland import kept
from portal.payments.providers.reading import Unreadable, parsed, text
from portal.payments.providers.wechat_pay.credentials import WechatPayCredentials

NOT_NOW = frozenset({-1, 45009, 45011})
"""Codes of an error that goes away by itself: WeChat is busy, or was asked too often."""

BAD_CODE = frozenset({40029, 40163, 42003})
"""Codes of an error that says of a code only that it is none, was used or is too old: all else was right."""

CODE_REFUSED = "code_refused"


class SignIn:
    """WeChat's sign-in for one app."""

    def __init__(self, credentials: WechatPayCredentials, *, connect_seconds: float, ask_seconds: float) -> None:
        self._credentials = credentials
        base_url = f"{credentials.sign_in_api.rstrip('/')}/"
        self._endpoint = Endpoint(base_url=base_url, headers={}, connect_seconds=connect_seconds)
        self._ask_seconds = ask_seconds

    def page(self, *, return_url: str, state: str) -> str:
        """Give the page that leads back to `return_url` with a `code` and the `state`; it opens inside WeChat only."""
        wishes = {
            "appid": self._credentials.app_id,
            "redirect_uri": return_url,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        # WeChat wants them in this order, and this ending.
        return f"{self._credentials.sign_in_page}?{urlencode(wishes)}#wechat_redirect"

    def openid(self, code: str) -> str:
        """Exchange a code for its reader's openid; a code is good once, for five minutes.

        Raises:
            Declined: WeChat does not take the code (`CODE_REFUSED`), or the app's id or secret.
            Retry: it could not be asked.
        """
        wishes = {
            "appid": self._credentials.app_id,
            "secret": self._credentials.app_secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        with reaching.repeatable():
            answer = self._endpoint.call(
                "GET", f"sns/oauth2/access_token?{urlencode(wishes)}", read_seconds=self._ask_seconds
            )
            return _openid(answer)


def _openid(answer: Answer) -> str:
    if answer.status != 200:
        raise Retry(f"http_{answer.status}")
    told = parsed(answer.body)
    error, message = told.get("errcode", 0), str(told.get("errmsg") or "")
    if type(error) is not int:
        raise Unreadable("errcode")
    if error in NOT_NOW:
        raise Retry(f"wechat_{error}", message, kept(told))
    if error:
        raise Declined(CODE_REFUSED if error in BAD_CODE else f"wechat_{error}", message, kept(told))
    return text(told, "openid")
