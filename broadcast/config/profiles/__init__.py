"""National profiles that come with the program, wherever it is installed; a clone's `config/` has links to them."""

from importlib.resources import files
from pathlib import Path
from typing import Final

VIETNAM: Final = Path(str(files(__name__) / "vietnam.toml"))
TEMPLATES: Final = Path(str(files(__name__) / "templates"))  # a folder a nation
