"""The blueprint of the pages that anybody may see."""

from flask import Blueprint

blueprint = Blueprint("public", __name__)
