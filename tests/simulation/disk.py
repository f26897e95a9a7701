"""A process's folder: still there, as it was some time ago, or gone."""

import shutil
from pathlib import Path
from random import Random


class Disk:
    """What outlives a process, perhaps."""

    def __init__(self, chance: Random, folder: Path) -> None:
        self._chance = chance
        self.folder = folder
        self._copy = folder.with_name(f"{folder.name}.copy")

    def back_up(self) -> str:
        """Keep a copy of the folder as it is."""
        shutil.rmtree(self._copy, ignore_errors=True)
        if self.folder.exists():
            shutil.copytree(self.folder, self._copy)
        return self.folder.name

    def outlive(self) -> str:
        """Decide what the next process finds."""
        match self._chance.randrange(6):
            case 0:
                shutil.rmtree(self.folder, ignore_errors=True)
                return "disk lost"
            case 1 if self._copy.exists():
                shutil.rmtree(self.folder, ignore_errors=True)
                self._copy.rename(self.folder)
                return "disk as it was some time ago"
        return "disk as it was"
