"""Formulas as MathML, for the site and for nbgrader's pages: browsers draw it without scripts or a network."""

from __future__ import annotations

import re
from html import unescape

from latex2mathml.converter import convert

# What latex2mathml does not know, in words that it does.
_REWRITTEN = (
    (re.compile(r"\\operatorname\*?\{(?P<name>[^{}]*)\}"), lambda m: _operator(m["name"])),
    (re.compile(r"\\arg\s*\\(?P<name>max|min)(?![a-z])"), lambda m: _operator(f"arg {m['name']}")),
    (re.compile(r"\\arg(?![a-z])"), lambda m: _operator("arg")),
    (re.compile(r"\\!"), lambda m: ""),  # a space narrower than none
    (re.compile(r"\\\\\[[^\]]*\]"), lambda m: r"\\"),  # the distance between rows
)

_NAME = re.compile(r"<mo><mrow><mtext>(?P<name>[^<]*)</mtext></mrow></mo>")

# Most fonts' prime is raised and small already; as an exponent it would hardly be seen.
_PRIME = re.compile(r"<msup><mi>(?P<of>[^<]*)</mi><mi>(?P<prime>&#x0203[234];)</mi></msup>")

# A browser makes a bracket of a given size tall only where it stands by itself, not as what carries an exponent.
_TALL = re.compile(r"<(?P<kind>msup|msub|msubsup)><mo (?P<size>minsize=[^>]*)>(?P<sign>[^<]*)</mo>")

# Spaces as TeX sets them, which the converter leaves to the browser: none around a slash, after a derivative's sign or
# after a minus that makes a number negative, and a thin one between a function's name and its argument.
_OPENING = "|".join(f"&#x{ord(sign):05X};" for sign in "=([{,;:<>≤≥≈∝←→⋅×")
_BEFORE = rf"^|<(?:mrow|mtd|mstyle[^>]*|math[^>]*)>|<mo[^>]*>(?:{_OPENING})</mo>(?:</mrow>)?|<mspace[^>]*/>"
_NAMES = "tanh|cosh|sinh|sin|cos|log|ln|exp|max|min|det|relu|clip"
_ARGUMENT = r"(?=<(?:mi|mn|msub|msup|msubsup|mfrac|mover|mtext)[ >])"
_ALONE = "".join(
    f"(?<!<{kind}>)" for kind in ("msup", "msub", "msubsup", "munder", "mover")
)  # not what carries an index
_SPACED = (
    (re.compile(r"<mo>&#x0002F;</mo>"), '<mo lspace="0" rspace="0">/</mo>'),
    (re.compile(r"<mo>(&#x02202;|&#x02207;)</mo>"), r'<mi mathvariant="normal">\1</mi>'),
    (re.compile(r"<mo>&#x02016;</mo>"), '<mo fence="false" stretchy="false">&#x02016;</mo>'),  # as tall as its formula
    (re.compile(rf"({_BEFORE})<mo>&#x02212;</mo>"), r'\1<mo form="prefix">&#x02212;</mo>'),
    (re.compile(rf"{_ALONE}(<mi>(?:{_NAMES})</mi>){_ARGUMENT}"), r'\1<mspace width="0.17em"/>'),
    (re.compile(rf"(<msup><mi>(?:{_NAMES})</mi><mn>\d</mn></msup>){_ARGUMENT}"), r'\1<mspace width="0.17em"/>'),
)


def _operator(name: str) -> str:
    r"""Return LaTeX for an upright name, below which an index may stand (``\operatorname`` and its relatives)."""
    return rf"\mathop{{\text{{{name.replace(chr(92) + ',', ' ')}}}}}"


def _upright(found: re.Match[str]) -> str:
    """Return an operator's name as an upright identifier; arg max keeps a little space behind it."""
    name = found["name"]
    return f'<mo lspace="0" rspace="0.17em">{name}</mo>' if name.startswith("arg") else f"<mi>{name}</mi>"


def mathml(latex: str, *, block: bool) -> str:
    """Convert one formula to a ``<math>`` element.

    Raises
    ------
    ValueError
        If a command is not understood; it is named.
    """
    plain = latex.strip()
    for pattern, rewritten in _REWRITTEN:
        plain = pattern.sub(rewritten, plain)
    made = convert(plain, display="block" if block else "inline")
    if "\\" in unescape(made):
        unknown = ", ".join(sorted(set(re.findall(r"\\[A-Za-z]+|\\.", unescape(made)))))
        raise ValueError(f"no MathML for {unknown} in {latex!r}: see grader/nbgrader_bridge/mathml.py")
    made = _NAME.sub(_upright, made)
    for pattern, spaced in _SPACED:
        made = pattern.sub(spaced, made)
    made = _TALL.sub(r'<\g<kind>><mrow><mo stretchy="true" \g<size>>\g<sign></mo></mrow>', made)
    return _PRIME.sub(r'<mrow><mi>\g<of></mi><mo lspace="0" rspace="0">\g<prime></mo></mrow>', made)
