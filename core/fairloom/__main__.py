"""``python -m fairloom`` is the command ``fairloom``."""

from __future__ import annotations

import sys

from fairloom.cli import main

if __name__ == "__main__":
    sys.exit(main())
