"""The debugging lab's three files, each with planted faults, and what tries an agent on small networks."""

from __future__ import annotations

from pathlib import Path

FILES = ("taxi_dqn.py", "cartpole_dqn.py", "pendulum_ddpg.py")


def copy_files(folder: Path | str = ".") -> None:
    """Copy the three files into a folder, and say which; one that is there already stays as it is.

    Parameters
    ----------
    folder
        Where to: by default where the notebook is.
    """
    for name in FILES:
        file = Path(folder) / name
        if file.exists():
            print(f"{name} is there already, and stays as it is.")
        else:
            file.write_text((Path(__file__).parent / name).read_text(encoding="utf-8"), encoding="utf-8")
            print(f"{name} is beside this notebook now.")
