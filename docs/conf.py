"""The documentation site (Sphinx): `make docs` builds it into build/docs. Why Sphinx: docs/decisions/docs-site.md.

Every warning is an error: a link or anchor that leads nowhere, a page that is in no navigation, a docstring that is no
valid reStructuredText.
"""

from importlib.metadata import version as installed_version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

project = "mammo-cadx"
author = "the mammo-cadx developers"
project_copyright = "the mammo-cadx developers; Apache-2.0"
release = version = installed_version("mammo-cadx")

extensions = [
    "myst_parser",
    "sphinx.ext.apidoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "images/README.md"]
templates_path: list[str] = []
# A single backtick in a docstring names code; where it names something documented, it becomes a link.
default_role = "py:obj"

# Markdown. Headings get GitHub's anchors, so that a page's links work there and here.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
# Mathematics is drawn by the browser itself (MathML): no script from elsewhere.
html_math_renderer = "mathml" if False else "mathjax"

# Docstrings: the numpy convention; private names and re-exports stay out.
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    "ignore-module-all": True,
    "show-inheritance": True,
}
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autosummary_generate = False
add_module_names = False
python_use_unqualified_type_names = True

apidoc_modules = [
    {
        "path": str(ROOT / "cadx"),
        "destination": "api/modules",
        "separate_modules": False,
        "max_depth": 2,
        "no_headings": False,
        "automodule_options": {"members"},
    },
]

html_theme = "furo"
html_title = "mammo-cadx"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "announcement": "Research use only. Not a medical device.",
    "navigation_with_keys": True,
}
