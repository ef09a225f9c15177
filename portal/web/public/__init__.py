"""What anybody may see: the front page, and whether a receipt is genuine."""

from portal.web.public import browsers, front, payers, paying, verify
from portal.web.public.blueprint import blueprint

__all__ = ["blueprint", "browsers", "front", "payers", "paying", "verify"]
