"""Promotions: what takes something off a price, by code or by itself, and how often it may."""
