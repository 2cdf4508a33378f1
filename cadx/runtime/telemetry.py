"""Libraries that would tell their makers about their use are told not to, before they are imported.

`cadx` itself calls this when it is imported: service, training, container, tests and notebooks all pass through there.
"""

import os
import sys


def switch_off_telemetry() -> None:
    """Keep onnxruntime from writing an identifier of this machine and from calling its maker.

    Its official builds do both from version 1.29 on, unless the variable is set before the first import
    (docs/privacy.md). Whatever the variable was, it is set: nothing of a hospital's machine is to leave it.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    imported = sys.modules.get("onnxruntime")
    if imported is not None:  # The caller was first: its beginning is told already, and nothing more will be.
        imported.disable_telemetry_events()
