from tests.payments.conftest import stub, stub_inside_app

__all__ = ["stub", "stub_inside_app"]
