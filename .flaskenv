FLASK_APP=portal.cli
