"""`python -m broadcast`, and the entry point of the command `broadcast`."""

from broadcast.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
