"""How Sphinx makes the site: `make docs` writes it to build/docs.

To add a page: write docs/page.md and put its name into NAVIGATION. That is all.

The pages are written for GitHub as well, so Sphinx does not read them where they are:
`ophiodoc.pages` copies them to build/docs-source, with each link turned to where it leads on
the site, and adds pages that it generates from Python's docstrings and from the C and C++ headers.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from ophiodoc import docstrings, links, pages  # noqa: E402
from ophiodoc.lexer import RulesLexer  # noqa: E402

import sentry_ophio  # noqa: E402

# What the column on the left says, and the page: one of docs/ by its name without .md. What is
# not here is an error, and so is what is here and not there.
NAVIGATION = {
    "Use it": {
        "Start": "start",
        "Command line": "command-line",
        "For Sentry": "sentry",
        "Rules": "rules",
        "Fingerprint rules": "fingerprints",
        "Diagnostics": "diagnostics",
        "What counts": "variants",
        "Explain": "explain",
        "Preview": "preview",
        "Studio": "studio",
        "Function names": "functions",
        "Globs": "glob",
        "Parameterized messages": "parameterization",
        "CODEOWNERS": "codeowners",
        "ProGuard": "proguard",
        "Arrow": "arrow",
        "Scale": "scale",
    },
    "Reference": {
        "Python API": "python",
        "C API": "c-api",
        "C++ API": "cpp-api",
        "From C and C++": "c",
        "C functions": "c-functions",
    },
    "Inside": {
        "Architecture": "architecture",
        "Adding a binding": "adding-a-binding",
        "Performance": "performance",
        "Measured": "benches",
        "Reliability": "reliability",
        "Size": "size",
        "Dependencies": "dependencies",
        "Packaging": "packaging",
        "Versions": "versions",
    },
    "Decisions": {
        "cffi": "decisions/cffi",
        "msgpack": "decisions/msgpack",
        "One packed call": "decisions/one-packed-call",
        "Interpreter and engine": "decisions/interpreter-and-engine",
        "globset as definition": "decisions/globset-as-definition",
        "Locks are only tried": "decisions/try-lock",
        "The C++ header": "decisions/header-layer",
        "Parquet in a process": "decisions/parquet-process",
        "milksnake": "decisions/milksnake",
        "Order of arguments": "decisions/order-of-arguments",
    },
    "Project": {
        "Changes": "changes",
        "Contributing": "contributing",
        "Style": "style",
        "Security": "security",
    },
}

project = "ophio"
author = "Sentry"
version = release = sentry_ophio.__version__
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "index"
source_suffix = {".md": "markdown"}

# Every reference has to lead somewhere: a broken one fails the build.
nitpicky = True
nitpick_ignore_regex = links.OUTSIDE

myst_heading_anchors = 4
myst_enable_extensions = ["fieldlist"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
add_module_names = False
c_maximum_signature_line_length = 80
cpp_maximum_signature_line_length = 80

# Nothing comes from another host: no font, no script, no search service.
html_theme = "furo"
html_title = f"ophio {version}"
html_static_path: list[str] = [str(HERE / "ophiodoc" / "static")]
html_css_files = ["ophio.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "navigation_with_keys": False,
    "light_css_variables": {
        "color-brand-primary": "#5b3fb0",
        "color-brand-content": "#5b3fb0",
        "color-api-name": "#5b3fb0",
        "color-api-pre-name": "#57606a",
    },
    "dark_css_variables": {
        "color-brand-primary": "#b8a5ff",
        "color-brand-content": "#b8a5ff",
        "color-api-name": "#b8a5ff",
        "color-api-pre-name": "#a8b3bf",
    },
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"

linkcheck_timeout = 20
linkcheck_retries = 2
# Anchors in files of GitHub are made by its scripts.
linkcheck_anchors_ignore_for_url = [r"https://github\.com/.*"]


def setup(app: Any) -> None:
    """Let Sphinx know of what is our own."""
    app.add_lexer("rules", RulesLexer)
    app.add_lexer("rules-example", RulesLexer)
    docstrings.setup(app)
    links.setup(app)


# Sphinx reads this file before it looks for pages.
pages.write(HERE.parent, NAVIGATION)
