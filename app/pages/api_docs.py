"""The interactive documentation. Its scripts come from an installed package, never from another host."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import PathUnknown
from app.pages.assets import package_asset, text_asset

router = APIRouter(include_in_schema=False)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>mammo-cadx: HTTP API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# Swagger UI fills every field of a form with an invented value (1 mm, frame 1), and sends it: a field without an
# example of its own is to stay empty, and an empty one counts as not sent.
_START = """const FieldsStayEmpty = {
  afterLoad() {
    const sample = this.fn.getSampleSchema;
    this.fn.getSampleSchema = (schema, ...rest) => {
      const {type, format, example, examples} = schema?.toJS ? schema.toJS() : schema ?? {};
      const aField = rest[0] === false && format !== "binary";
      if (!aField || example !== undefined || examples !== undefined) return sample(schema, ...rest);
      return type === "array" ? [] : "";
    };
  },
};
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [FieldsStayEmpty],
});
"""


_DOCS = text_asset(_PAGE, ".html")
_FILES = {
    # What starts Swagger UI is a file of its own, so that no inline script need be allowed.
    "start.js": text_asset(_START, ".js"),
    "swagger-ui-bundle.js": package_asset("fastapi_offline", "static", "swagger-ui-bundle.js"),
    "swagger-ui.css": package_asset("fastapi_offline", "static", "swagger-ui.css"),
}


@router.get("/docs")
async def page(request: Request) -> Response:
    """The page itself."""
    return _DOCS.response(request, _POLICY)


@router.get("/docs/{name}")
async def file(name: str, request: Request) -> Response:
    """What the page loads."""
    if name not in _FILES:
        raise PathUnknown(request.url.path)
    return _FILES[name].response(request)
