"""What the catalogue refuses."""

from portal.core.errors import Conflict, PortalError


class PlanCodeTaken(Conflict):
    """A plan with this code stands already. Parts: `field`, `code_taken`."""

    code = "plan_code_taken"


class PlanChanged(Conflict):
    """The plan was changed since the page was shown. Parts: `version`, the one that stands now."""

    code = "plan_changed"


class ImportFaulty(PortalError):
    """The file has faulty lines; it is imported whole or not at all. Parts: `count`."""

    code = "import_faulty"
    status = 422


class PreviewChanged(Conflict):
    """The catalogue changed since the preview was shown: the import would do something else now."""

    code = "preview_changed"
