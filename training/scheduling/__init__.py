"""Where work is done: in this process, in processes of this machine, or on a Dask cluster.

Work is cut into parts; one pure function does a part, and is importable without Dask. Only `dask_cluster` imports it.
"""

from training.scheduling.runner import Died, Done, InProcess, Outcome, Runner, Take

__all__ = ["Died", "Done", "InProcess", "Outcome", "Runner", "Take"]
