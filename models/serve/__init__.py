"""`trimtab serve`: scores over HTTP by the version that `champion` names, and follows it."""
