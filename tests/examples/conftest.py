"""The live server of the service's tests, for the example that asks one."""

from tests.app.conftest import live_server, start_server

__all__ = ["live_server", "start_server"]
