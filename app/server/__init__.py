"""Starting, running and stopping the HTTP server."""
