"""LEB cards: their identifiers, their registration, what is left on them."""
