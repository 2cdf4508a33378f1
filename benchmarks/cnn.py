"""Time of AlexNet's fc6 features of a ROI, against the machine's own GEMM rate, measured in the same run.

The floor is 1.81 GFLOP, what the graph from 256 x 256 pixels to fc6 multiplies and adds, at the rate of the fastest
square float32 matrix product that any installed library reaches here (numpy, torch, onnxruntime). Engines take turns,
so that a noisy machine is noisy for all of them; each figure is the best of its turns.

    python benchmarks/cnn.py [--rounds 12] [--compile] [--footprint]

--compile adds torch.compile, which needs a C++ compiler and a minute. OpenVINO takes part where it is installed.
--footprint measures start and memory of the serving side in processes of their own. Exit code 1: a bound was missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper

from cadx.cnn import BackboneSpec, load_backbone
from cadx.cnn.pytorch.building import build

BATCH = 16
BATCH_BOUND, SINGLE_BOUND = 1.2, 1.8
GEMM_SIZES = (1024, 2048, 3072)
SPEC = BackboneSpec(weights="random:0")

Engine = Callable[[np.ndarray], np.ndarray]


def flops_to_fc6() -> int:
    """Multiplications and additions of one ROI, from the graph's own shapes."""
    convolutions = ((63, 64, 3, 11), (31, 192, 64, 5), (15, 384, 192, 3), (15, 256, 384, 3), (15, 256, 256, 3))
    multiplied = sum(side**2 * out * into * kernel**2 for side, out, into, kernel in convolutions)
    return 2 * (multiplied + 9216 * 4096)


def once(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def products() -> dict[str, Callable[[], object]]:
    """Square float32 matrix products by the three libraries."""
    found: dict[str, Callable[[], object]] = {}
    rng = np.random.default_rng(0)
    for size in GEMM_SIZES:
        a, b = rng.random((2, size, size), dtype=np.float32)
        out, ta, tb = np.empty_like(a), torch.from_numpy(a), torch.from_numpy(b)
        ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [size, size]) for name in "ac"]
        node = helper.make_node("MatMul", ["a", "b"], ["c"])
        graph = helper.make_graph([node], "product", ends[:1], ends[1:], [numpy_helper.from_array(b, "b")])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        found[f"numpy {size}"] = partial(np.matmul, a, b, out=out)
        found[f"torch {size}"] = partial(torch.mm, ta, tb)
        found[f"onnxruntime {size}"] = partial(session.run, None, {"a": a})
    return found


def eager(network: Callable[..., Any], memory_format: torch.memory_format = torch.contiguous_format) -> Engine:
    def run(gray: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            values = torch.from_numpy(gray[:, None]).to(memory_format=memory_format)
            features: np.ndarray = network(values)[0].numpy()
            return features

    return run


def engines(with_compile: bool) -> dict[str, Engine]:
    backbone = load_backbone(SPEC, device="cpu")
    found: dict[str, Engine] = {
        "product (onnxruntime)": backbone.features,
        "torch eager": eager(build(SPEC, ["fc6"]).network),
        "torch channels_last": eager(
            build(SPEC, ["fc6"]).network.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
            torch.channels_last,
        ),
    }
    if with_compile:
        found["torch.compile"] = eager(torch.compile(build(SPEC, ["fc6"]).network))
    try:
        import openvino
    except ImportError:
        return found
    model = openvino.Core().read_model(backbone.export())
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    found["openvino"] = lambda gray: compiled({0: gray[:, None]})[0]
    return found


def compare(rounds: int, with_compile: bool) -> bool:
    rng = np.random.default_rng(0)
    rois = np.ascontiguousarray(rng.random((BATCH, 64, 64), dtype=np.float32).repeat(8, axis=1).repeat(8, axis=2))
    gemms, runners = products(), engines(with_compile)
    reference = runners["torch eager"](rois)
    for name, run in runners.items():
        together, alone = run(rois), np.concatenate([run(roi[None]) for roi in rois])
        from_eager, from_batch = (np.abs(other - together).max() / reference.std() for other in (reference, alone))
        print(f"{name:24s} differs by {from_eager:.1e} SD from eager torch, {from_batch:.1e} SD single from batch")
    rate: dict[str, list[float]] = {name: [] for name in gemms}
    batch: dict[str, list[float]] = {name: [] for name in runners}
    single: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, work in gemms.items():
            rate[name].append(2 * int(name.split()[1]) ** 3 / once(work))
        for name, run in runners.items():
            batch[name].append(once(partial(run, rois)) / BATCH)
            single[name] += [once(partial(run, rois[:1])) for _ in range(4)]
    fastest = max(gemms, key=lambda name: max(rate[name]))
    floor = flops_to_fc6() / max(rate[fastest])
    print(f"\n{os.cpu_count()} cores; best GEMM rates, GFLOP/s:")
    for library in ("numpy", "torch", "onnxruntime"):
        print(f"  {library:12s} {max(max(v) for k, v in rate.items() if k.startswith(library)) / 1e9:6.0f}")
    print(f"floor: {flops_to_fc6() / 1e9:.2f} GFLOP at {max(rate[fastest]) / 1e9:.0f} GFLOP/s = {1e3 * floor:.2f} ms\n")
    print(f"{'engine':24s} {f'batch of {BATCH}, a ROI':>20s} {'x floor':>8s} {'single ROI':>11s} {'x floor':>8s}")
    for name in runners:
        b, s = min(batch[name]), min(single[name])
        print(f"{name:24s} {1e3 * b:17.2f} ms {b / floor:8.2f} {1e3 * s:8.2f} ms {s / floor:8.2f}")
    ours = "product (onnxruntime)"
    return bool(min(batch[ours]) <= BATCH_BOUND * floor and min(single[ours]) <= SINGLE_BOUND * floor)


SERVING = """
import time; started = time.perf_counter()
import pathlib, resource, sys, numpy
{setup}
features({gray})
seconds = time.perf_counter() - started
resident = int(pathlib.Path('/proc/self/statm').read_text().split()[1]) * resource.getpagesize()
print(f'{{seconds:.2f}} s to the first features, {{resident / 2**20:.0f}} MiB resident')
"""


def footprint() -> None:
    """Start and memory of a process that serves features, without and with torch."""
    with tempfile.TemporaryDirectory() as folder:
        model, state = Path(folder) / "backbone.onnx", Path(folder) / "alexnet.pth"
        model.write_bytes(load_backbone(SPEC, device="cpu").export())
        with torch.random.fork_rng():
            from cadx.cnn.pytorch.architectures import build_architecture

            torch.save(build_architecture("alexnet").network.state_dict(), state)
        ways = {
            "exported backbone, onnxruntime": (
                f"from cadx.cnn import load_exported\nfeatures = load_exported(pathlib.Path({str(model)!r})).features",
                "numpy.zeros((1, 512, 512), numpy.float32)",
            ),
            "state dict, eager torch": (
                "import torch\nfrom cadx.cnn import BackboneSpec\nfrom cadx.cnn.pytorch.building import build\n"
                f"network = build(BackboneSpec(weights={str(state)!r}), ['fc6']).network\n"
                "features = torch.inference_mode()(network)",
                "torch.zeros(1, 1, 512, 512)",
            ),
        }
        print()
        for name, (setup, gray) in ways.items():
            code = SERVING.format(setup=setup, gray=gray)
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            print(f"{name:32s} {done.stdout.strip()}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--footprint", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    held = compare(arguments.rounds, arguments.compile)
    if arguments.footprint:
        footprint()
    print(f"\nbounds (batch <= {BATCH_BOUND} x, single <= {SINGLE_BOUND} x): {'held' if held else 'MISSED'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
