"""Signing in and out, passwords and invitations for users; links and codes for customers."""

from portal.web.auth import customers, invitations, passwords, sign_in
from portal.web.auth.blueprint import blueprint

__all__ = ["blueprint", "customers", "invitations", "passwords", "sign_in"]
