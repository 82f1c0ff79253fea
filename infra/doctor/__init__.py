"""Is this installation, this home and this machine fit? Checks that only look, each with what to do."""
