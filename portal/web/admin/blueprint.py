"""The blueprint of the operator's pages."""

from flask import Blueprint

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
