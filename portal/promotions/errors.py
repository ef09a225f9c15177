"""What redeeming refuses; nothing was charged when one of these is raised."""

from portal.core.errors import Conflict


class PromotionUsedUp(Conflict):
    """The promotion, or the code, was used as often as it may be."""

    code = "promotion_used_up"


class PromotionUsedByCustomer(Conflict):
    """The customer used the promotion as often as one customer may."""

    code = "promotion_used_by_customer"


class CodeTaken(Conflict):
    """A promotion has this code already."""

    code = "promotion_code_taken"
