"""What keeping customers refuses."""

from portal.core.errors import Conflict


class CustomersDiffer(Conflict):
    """The e-mail address belongs to one customer and the phone number to another. Parts: `field`, both names."""

    code = "customers_differ"


class ContactTaken(Conflict):
    """Another customer of the agent has the address or number already. Parts: `field`, `name`, `customer_id`."""

    code = "contact_taken"


class NoEmail(Conflict):
    """No e-mail address of the customer is known, so nothing can be mailed."""

    code = "customer_without_email"


class LinkJustSent(Conflict):
    """The customer was mailed a link less than a minute ago."""

    code = "link_just_sent"
