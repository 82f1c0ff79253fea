"""The shared words of trimtab: settings, errors, posts, windows, labels, features, lake, ledger, cli."""
