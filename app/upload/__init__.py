"""How a request's body is received: bounded, in memory, never on a disk."""
