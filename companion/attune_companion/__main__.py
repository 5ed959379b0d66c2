"""`python -m attune_companion`."""

from .cli import main

main()
