"""Is the data fit, has the world moved, what now."""
