from flask import Flask

from portal.web.access import Access, Audience

OPEN = {
    "assets.theme",
    "auth.accept",
    "auth.choose",
    "auth.customer_code",
    "auth.customer_sign_in",
    "auth.enter_by_link",
    "auth.forgotten",
    "auth.sign_in",
    "auth.sign_out",
    "health.healthz",
    "health.readyz",
    "hooks.notice",
    "language.choose",
    "static",
}
"""Views that anybody may ask for; the public package's own are added by their blueprint's name."""

AUDIENCE_OF = {"agent": Audience.AGENT, "admin": Audience.ADMIN, "customer": Audience.CUSTOMER}


def test_every_view_is_guarded_or_known_to_be_open(app: Flask):
    for endpoint, view in app.view_functions.items():
        access = getattr(view, "access", None)
        assert isinstance(access, Access), f"{endpoint} has no guard"
        if access.audience in (Audience.PUBLIC, Audience.UNATTENDED):
            assert endpoint in OPEN or endpoint.startswith("public."), f"{endpoint} is open to everybody"


def test_every_audience_keeps_to_its_own_pages(app: Flask):
    for endpoint, view in app.view_functions.items():
        audience = AUDIENCE_OF.get(endpoint.partition(".")[0])
        assert audience is None or view.access.audience is audience, f"{endpoint} is for somebody else"


def test_everything_that_changes_something_through_an_admin_page_names_its_act(app: Flask):
    for endpoint, view in app.view_functions.items():
        if view.access.audience is Audience.ADMIN:
            assert view.access.act, endpoint
