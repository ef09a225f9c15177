"""Lists taken away as files, made in the background with progress that survives a reload."""
