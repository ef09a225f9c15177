"""What accounts refuse."""

from portal.core.errors import Conflict, NotAllowed, PortalError


class WrongSignIn(PortalError):
    """The e-mail and password do not open an account; which of them is wrong is never told."""

    code = "wrong_sign_in"
    status = 422


class WrongCode(PortalError):
    """The six-digit code is wrong, used, expired, or was tried too often."""

    code = "wrong_code"
    status = 422


class LinkInvalid(PortalError):
    """A signed link was altered, or is none of ours."""

    code = "link_invalid"
    status = 400


class LinkExpired(PortalError):
    """A signed link was good once, and is too old now."""

    code = "link_expired"
    status = 410


class LinkSpent(PortalError):
    """A signed link has done its work already."""

    code = "link_spent"
    status = 410


class EmailTaken(Conflict):
    """Another user has this e-mail address. Parts: `field`."""

    code = "email_taken"


class OwnAccount(NotAllowed):
    """Nobody may suspend themselves or change their own role."""

    code = "own_account"
