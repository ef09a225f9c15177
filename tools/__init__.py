"""Set-up and starting of the portal on one machine; nothing here is imported by the portal itself."""
