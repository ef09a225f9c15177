"""The blueprint that the sign-in pages hang on."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__)
