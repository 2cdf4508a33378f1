"""The machine: cores, memory, threads, worker processes, and no telemetry."""
