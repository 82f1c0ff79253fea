"""The command line: `trimtab --help`. The only door from the shared words to the rooms above."""

from trimtab.cli.main import main

__all__ = ["main"]
