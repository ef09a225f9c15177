"""A customer's own pages, made for a phone: their cards, what is left on them, and their receipts."""

from portal.web.customer import card, home, receipts, renewing
from portal.web.customer.blueprint import blueprint

__all__ = ["blueprint", "card", "home", "receipts", "renewing"]
