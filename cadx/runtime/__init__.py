"""The machine: cores, memory, threads, and no telemetry."""
