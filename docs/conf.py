"""The documentation site (Sphinx): `make docs` builds it into build/docs. Why Sphinx: docs/decisions/docs-site.md.

Every warning is an error: a link or anchor that leads nowhere, a page that is in no navigation, a docstring that is no
valid reStructuredText.
"""

import re
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

import cadx

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

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
# README.md is the text of index.md.
exclude_patterns = ["README.md", "api/modules/modules.rst"]
# A single backtick in a docstring names code; where it names something documented, it becomes a link.
default_role = "py:obj"

# Markdown. Headings get GitHub's anchors, so that a page's links work there and here.
myst_heading_anchors = 4

# Docstrings: the numpy convention; private names and re-exports stay out.
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    "ignore-module-all": True,
    "exclude-members": "set_fit_request, set_score_request",  # scikit-learn's own, with its own links
}
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autosummary_generate = False
add_module_names = False
toc_object_entries = False  # the navigation lists pages, not 600 functions; the build takes half the time
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

_LITERAL = re.compile(r"(`+[^`]*`+)")
_MARKUP = re.compile(r"(?<!\\)\||(?<=\w)_(?!\w)")


def take_docstrings_as_text(
    _app: "Sphinx", _what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    """Take bars for absolute values and a trailing underscore for scikit-learn's, not for reStructuredText's markup."""
    for number, line in enumerate(lines):
        parts = _LITERAL.split(line)
        parts[::2] = [_MARKUP.sub(lambda found: "\\" + found[0], part) for part in parts[::2]]
        lines[number] = "".join(parts)


def find_public_name(
    app: "Sphinx", env: "BuildEnvironment", node: "pending_xref", shown: "Element"
) -> "Element | None":
    """Lead ``cadx.assess`` to the module that it is imported from."""
    public = getattr(cadx, node["reftarget"].removeprefix("cadx."), None)
    if node["refdomain"] != "py" or public is None or not hasattr(public, "__qualname__"):
        return None
    home = f"{public.__module__}.{public.__qualname__}"
    return env.domains.python_domain.resolve_xref(env, node["refdoc"], app.builder, "obj", home, node, shown)


def setup(app: "Sphinx") -> None:
    """Run after napoleon, which escapes the names of parameters itself."""
    app.connect("missing-reference", find_public_name)
    app.connect("autodoc-process-docstring", take_docstrings_as_text, priority=600)
