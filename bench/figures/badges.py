"""README's badges, drawn from what is so: the Pythons with tested versions in ``constraints/``, the license's name."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from bench.figures.results import ROOT

FOLDER = "docs/_static"
CHARACTER, PAD, HEIGHT = 7.0, 8, 22


def badges(root: Path = ROOT) -> dict[str, tuple[str, str]]:
    """Return the label and the value of each badge, by the name of its file."""
    files = sorted((root / "constraints").glob("py3*.txt"), key=lambda file: int(file.stem[3:]))
    tried = [file for file in files if "# Resolved alone" not in file.read_text(encoding="utf-8")]
    pythons = " | ".join(f"3.{file.stem[3:]}" for file in tried)
    license_name = (root / "LICENSE").read_text(encoding="utf-8").split(maxsplit=1)[0]
    return {"badge-python.svg": ("Python", pythons), "badge-license.svg": ("code", license_name)}


def as_svg(label: str, value: str) -> str:
    """Return a badge: the label on gray, the value on blue, both white."""
    left, right = (len(text) * CHARACTER + 2 * PAD for text in (label, value))
    middle = f'y="{HEIGHT - 7}" text-anchor="middle" fill="#fff" font-family="system-ui,sans-serif" font-size="12"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:g}" height="{HEIGHT}" role="img">'
        f"<title>{escape(label)}: {escape(value)}</title>"
        f'<rect width="{left + right:g}" height="{HEIGHT}" rx="3" fill="#0072B2"/>'
        f'<rect width="{left:g}" height="{HEIGHT}" rx="3" fill="#555"/>'
        f'<text x="{left / 2:g}" {middle}>{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" {middle}>{escape(value)}</text></svg>\n'
    )


def line(root: Path = ROOT) -> str:
    """Return the line of README that shows the badges."""
    return " ".join(f"![{label}: {value}]({FOLDER}/{name})" for name, (label, value) in badges(root).items())


def write(root: Path = ROOT) -> None:
    """Write the badges' pictures."""
    for name, (label, value) in badges(root).items():
        (root / FOLDER / name).write_text(as_svg(label, value), encoding="utf-8")


def in_readme(text: str) -> str:
    """Return README's own line of badges, which begins with the first badge's picture."""
    found = re.search(rf"^!\[.*\]\({FOLDER}/badge-.*$", text, re.MULTILINE)
    return found[0] if found else ""
