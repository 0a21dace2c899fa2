"""How Sphinx makes the site. `make site` copies this folder and the lessons to build/site-source and builds there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_sphinx"))

project = "Grad School"
author = "the authors of Grad School"
project_copyright = "the authors of Grad School; code MIT, text CC BY 4.0"
html_title = "Grad School"

# "mathml" comes first: it imports the grader, after which jsonschema is imported in a tenth of the time.
extensions = [
    "mathml",
    "myst_nb",
    "sphinx.ext.autodoc",
    "docstrings",
    "within_reach",
    "search_excerpts",
    "landing",
    "one_menu",
]
exclude_patterns = ["_sphinx"]
nitpicky = True
suppress_warnings = ["mystnb.unknown_mime_type"]

# Lessons come with their outputs; nothing runs while the site is built.
nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"  # tables of a lesson's outputs; plain CommonMark has none
nb_ipywidgets_js = {}  # the default fetches scripts from a CDN
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
# No page of ours describes other packages' types, what is private, type variables, nor the exercises' public halves.
nitpick_ignore_regex = [("py:.*", r"(?!gradschool\.).*|gradschool\.exercises.*|.*\._.*|.*[a-z]T")]

html_theme = "furo"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # it would fetch pages: see _sphinx/search_excerpts.py
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme_options = {"navigation_with_keys": False}
