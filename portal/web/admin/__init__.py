"""The operator's pages: money, agents, catalogue, and everything that happened."""

from portal.web.admin import wording
from portal.web.admin.blueprint import blueprint

__all__ = ["blueprint", "wording"]
