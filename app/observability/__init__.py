"""What the operator sees: log, metrics, traces. Never a patient's data."""
