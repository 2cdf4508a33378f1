import io
import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from cadx.cnn.pytorch.weight_files import read_weights
from cadx.errors import WeightsMismatch, WeightsMissing, WeightsUnreadable


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))


def same(state: dict[str, torch.Tensor], network: nn.Module) -> bool:
    wanted = network.state_dict()
    return state.keys() == wanted.keys() and all(torch.equal(state[name], wanted[name]) for name in wanted)


def write_onnx(path: Path, network: nn.Sequential, *, transposed: bool) -> None:
    """The model as a model zoo would hold it: weights by position, under names of its own."""
    arrays = [tensor.numpy() for tensor in network.state_dict().values()]
    if not transposed:
        arrays[2] = arrays[2].T.copy()
    names = ["conv1_w_0", "conv1_b_0", "fc6_w_0", "fc6_b_0"]
    nodes = [
        helper.make_node("Conv", ["gray", *names[:2]], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Flatten", ["b"], ["c"]),
        helper.make_node("Gemm", ["c", *names[2:]], ["d"], transB=int(transposed)),
    ]
    tensors = [numpy_helper.from_array(array, name) for array, name in zip(arrays, names, strict=True)]
    ends = (
        [helper.make_tensor_value_info("gray", TensorProto.FLOAT, [1, 3, 3, 3])],
        [helper.make_tensor_value_info("d", TensorProto.FLOAT, [1, 2])],
    )
    onnx.save(helper.make_model(helper.make_graph(nodes, "zoo", *ends, initializer=tensors)), path)


def test_state_dict(tmp_path: Path, network: nn.Sequential) -> None:
    torch.save(network.state_dict(), tmp_path / "w.pth")
    assert same(read_weights(tmp_path / "w.pth", network), network)


def test_npz(tmp_path: Path, network: nn.Sequential) -> None:
    np.savez(tmp_path / "w.npz", **{name: tensor.numpy() for name, tensor in network.state_dict().items()})
    assert same(read_weights(tmp_path / "w.npz", network), network)


@pytest.mark.parametrize("transposed", [True, False])
def test_onnx_by_position(tmp_path: Path, network: nn.Sequential, transposed: bool) -> None:
    write_onnx(tmp_path / "w.onnx", network, transposed=transposed)
    assert same(read_weights(tmp_path / "w.onnx", network), network)


def test_onnx_of_another_network(tmp_path: Path, network: nn.Sequential) -> None:
    write_onnx(tmp_path / "w.onnx", network, transposed=True)
    with pytest.raises(WeightsMismatch, match="4 arrays where 2 are needed"):
        read_weights(tmp_path / "w.onnx", nn.Sequential(nn.Conv2d(3, 4, 3)))


class RunsCode:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this must never run",)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("w.pth", b"not weights"),
        ("w.pth", b""),
        ("w.pth", pickle.dumps({"0.weight": RunsCode()})),
        ("w.pth", pickle.dumps([1, 2])),
        ("w.npz", b"not weights"),
        ("w.npz", b""),
        ("w.onnx", b"not weights"),
        ("w.onnx", b""),
    ],
)
def test_file_of_something_else(
    tmp_path: Path, network: nn.Sequential, name: str, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsUnreadable):
        read_weights(tmp_path / name, network)
    assert "never run" not in capsys.readouterr().out


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_weights_that_are_no_numbers(tmp_path: Path, network: nn.Sequential, number: float) -> None:
    state = network.state_dict()
    state["0.bias"] = torch.full((4,), number)
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(WeightsUnreadable, match=r"0\.bias"):
        read_weights(tmp_path / "w.pth", network)


def test_entries_that_are_no_tensors(tmp_path: Path, network: nn.Sequential) -> None:
    torch.save({"epoch": 3, "state_dict": network.state_dict()}, tmp_path / "w.pth")
    with pytest.raises(WeightsUnreadable, match="epoch"):
        read_weights(tmp_path / "w.pth", network)


def test_no_file(tmp_path: Path, network: nn.Sequential) -> None:
    with pytest.raises(WeightsMissing, match=r"imagenet.*path of a state dict.*random:SEED"):
        read_weights(tmp_path / "none.pth", network)


def saved(network: nn.Module, *, before_zip: bool = False) -> bytes:
    file = io.BytesIO()
    torch.save(network.state_dict(), file, _use_new_zipfile_serialization=not before_zip)
    return file.getvalue()


@pytest.mark.parametrize("name", ["w.pth", "w.npz", "w.onnx"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "web page"),
        (b"\xef\xbb\xbf\n <HTML>", "web page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"", "it is empty"),
    ],
)
def test_what_a_failed_download_left_is_said(
    tmp_path: Path, network: nn.Sequential, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsUnreadable, match=reason):
        read_weights(tmp_path / name, network)


@pytest.mark.parametrize("before_zip", [False, True])
def test_a_file_cut_anywhere_is_refused_without_advice_to_load_it_unsafely(tmp_path: Path, before_zip: bool) -> None:
    whole = saved(nn.Conv2d(1, 2, 1), before_zip=before_zip)
    for length in [*range(2, len(whole) - 1, 37), len(whole) - 1]:
        (tmp_path / "w.pth").write_bytes(whole[:length])
        with pytest.raises(WeightsUnreadable, match="cut short") as caught:
            read_weights(tmp_path / "w.pth", nn.Conv2d(1, 2, 1))
        assert "weights_only" not in str(caught.value)
        assert "trust" not in str(caught.value)


def test_what_could_run_code_is_refused_without_advice_to_load_it_unsafely(
    tmp_path: Path, network: nn.Sequential
) -> None:
    (tmp_path / "w.pth").write_bytes(pickle.dumps({"0.weight": RunsCode()}))
    (tmp_path / "w.npz").write_bytes(pickle.dumps({"0.weight": RunsCode()}))
    for name in ("w.pth", "w.npz"):
        with pytest.raises(WeightsUnreadable, match="never loaded") as caught:
            read_weights(tmp_path / name, network)
        for advice in ("weights_only", "allow_pickle", "trust", "unsafe"):
            assert advice not in str(caught.value)
