"""The blueprint that an agent's pages hang on."""

from flask import Blueprint

blueprint = Blueprint("agent", __name__, url_prefix="/agent")
