"""The blueprint of customers' pages."""

from flask import Blueprint

blueprint = Blueprint("customer", __name__, url_prefix="/my")
