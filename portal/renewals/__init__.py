"""Renewals: priced, paid for, delivered by a carrier, once."""
