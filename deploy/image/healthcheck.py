"""Ask the service in this container whether it is ready; exit 0 if so, 1 if not. Standard library only: no curl."""

import http.client
import os
import sys

TIMEOUT_SECONDS = 4


def main() -> int:
    """Return the exit status that Docker reads as healthy (0) or unhealthy (1)."""
    port = int(os.environ.get("CADX_PORT", "8000"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        sys.stdout.write(f"{response.status} {response.read(2000).decode('utf-8', 'replace')}\n")
        return 0 if response.status == http.client.OK else 1
    except OSError as error:
        sys.stdout.write(f"no answer: {error}\n")
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
