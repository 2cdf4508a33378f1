"""From a spec to a backbone. torch is needed here, and here only: it is imported when a backbone is first built."""

from collections.abc import Sequence

from cadx.cnn.backbone import Backbone, describe
from cadx.cnn.engine import Engine, OnnxEngine
from cadx.cnn.spec import BackboneSpec
from cadx.errors import InvalidBackboneSetting, WeightsMissing


def load_backbone(
    spec: BackboneSpec, *, layers: Sequence[str] = (), device: str = "auto", dtype: str = "float32", threads: int = 0
) -> Backbone:
    """Build the network, fill in its weights and cut it at the layer.

    Parameters
    ----------
    spec
        Architecture, layer, weights and pooling.
    layers
        More layers to be had from the same pass by `Backbone.layer_features`, in their order.
    device
        ``cpu`` (onnxruntime), ``cuda`` (torch), or ``auto``: a GPU where there is one.
    dtype
        ``float32``, or ``float16`` or ``bfloat16``, run by torch: faster on a GPU, with features that differ in the
        third digit.
    threads
        Threads that onnxruntime may use for one batch; 0 for one a physical core.

    Raises
    ------
    BackboneError
        One of its leaves: an unknown architecture or layer; weights that are missing, unreadable or of another
        architecture; a setting without meaning.
    """
    spec.check()
    path = spec.weights_path
    if path is not None and not path.is_file():
        raise WeightsMissing(str(path), "there is no such file")
    from cadx.cnn.pytorch import building
    from cadx.cnn.pytorch import engine as torch_engine

    if dtype not in torch_engine.DTYPES:
        raise InvalidBackboneSetting("dtype", dtype, " or ".join(torch_engine.DTYPES))
    target = torch_engine.resolve_device(device)
    names = tuple(dict.fromkeys(layers)) if spec.layer in layers else (*dict.fromkeys(layers), spec.layer)
    built = building.build(spec, names)
    shapes = dict(zip(names, built.map_shapes, strict=True))
    engine: Engine
    if target == "cpu" and dtype == "float32":
        model = built.to_onnx(names, describe(spec, built.weights_digest, shapes))
        engine = OnnxEngine(model, threads)
    else:
        model = None
        engine = torch_engine.TorchEngine(built.network, target, dtype)
    return Backbone(spec, built.weights_digest, spec.pretrained, shapes, engine, model)


def why_no_imagenet_weights(architecture: str) -> str | None:
    """Say why ImageNet weights cannot be had, without downloading them.

    Parameters
    ----------
    architecture
        As in `BackboneSpec`.

    Returns
    -------
    str or None
        None when the weights are cached or their host answers; else one clause that says what is in the way. Known
        within a few seconds, network or not.
    """
    from cadx.cnn.pytorch import imagenet

    return imagenet.unavailable_because(architecture)
