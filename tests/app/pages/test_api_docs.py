import re
from collections.abc import Callable

from starlette.testclient import TestClient


def test_the_page_and_all_it_loads_come_from_the_service(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4
    for link in links:
        if link.startswith("data:"):
            continue
        assert "//" not in link
        asset = client.get(f"/{link}")
        assert asset.status_code == 200, link
        assert asset.headers["content-type"].startswith(("text/css", "text/javascript"))
    assert "unsafe" not in page.headers["content-security-policy"]
    assert client.get("/docs/other.js").json()["code"] == "path_unknown"
    assert "openapi.json" in client.get("/docs/start.js").text


def test_it_can_be_left_out(make_client: Callable[..., TestClient]) -> None:
    assert make_client(docs=False).get("/docs").status_code == 404
