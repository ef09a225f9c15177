"""What receipts refuse."""

from portal.core.errors import Conflict, PortalError


class ReceiptNotReady(Conflict):
    """The file is still being made."""

    code = "receipt_not_ready"


class ReceiptFileDiffers(PortalError):
    """The stored file is not the one whose hash was kept: somebody altered it, or the disk did. Parts: `number`."""

    code = "receipt_file_differs"
    status = 500
