"""The interactive documentation. Its scripts come from an installed package, never from another host."""

from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src data:; connect-src 'self'; frame-ancestors 'none'"
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


@router.get("/docs")
async def page() -> Response:
    """The page itself."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/start.js")
async def start() -> Response:
    """What starts Swagger UI; a file of its own, so that no inline script need be allowed."""
    return Response(_START, media_type="text/javascript")


def _serve(name: str, kind: str) -> None:
    async def asset() -> Response:
        content = (files("fastapi_offline") / "static" / name).read_bytes()
        return Response(content, media_type=kind, headers={"Cache-Control": "public, max-age=86400"})

    router.add_api_route(f"/docs/{name}", asset, methods=["GET"])


for _name, _kind in _ASSETS.items():
    _serve(_name, _kind)
