"""The machine: cores, memory, worker processes."""
