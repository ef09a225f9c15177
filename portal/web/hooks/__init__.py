"""What machines outside tell the portal: the webhooks of payment providers."""

from portal.web.hooks import payments
from portal.web.hooks.blueprint import blueprint

__all__ = ["blueprint", "payments"]
