"""Drop from an installed environment what a running service never opens, and say what that saved.

Only files that cannot matter at run time go: the C++ headers, test programs and test suites of packages, type stubs,
sample images, and the copies that wheels make of one shared library under its three names. Nothing of a package's own
Python code is touched. The smoke run that follows in the image build proves the rest is whole.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# Folders below site-packages: built-in test programs and headers of torch, sample data of others.
FOLDERS = (
    "torch/include",
    "torch/share",
    "torch/test",
    "pydicom/data/test_files",
    "sklearn/datasets/images",
)
# torch refuses to be imported without this one of its programs; the others are protoc and its C++ tests.
TORCH_PROGRAM = "torch_shm_manager"
# Packages whose `tests` folders nothing imports outside of tests.
TEST_SUITES = ("jpeg_ls", "networkx", "numpy", "scipy", "skimage", "sklearn", "sympy")
# Read by compilers and type checkers only.
SUFFIXES = frozenset({".a", ".c", ".cpp", ".cuh", ".h", ".hpp", ".lib", ".pxd", ".pxi", ".pyi", ".pyx"})
# skimage reads its stubs when it is imported: they list what it loads lazily.
STUBS_READ = ("skimage",)
# skimage's sample pictures; the tables beside them are read by its feature detectors.
SAMPLE_PICTURES = frozenset({".gif", ".jpg", ".png", ".tif", ".tiff"})


def main(environment: Path) -> int:
    """Trim the environment's site-packages, step by step."""
    site_packages = next(environment.glob("lib/python*/site-packages"))
    steps: tuple[tuple[str, Callable[[Path], None]], ...] = (
        ("headers, test programs, samples", remove_folders),
        ("test suites", remove_test_suites),
        ("sources and stubs", remove_build_inputs),
        ("sample pictures", remove_sample_pictures),
        ("repeated shared libraries", link_repeated_libraries),
    )
    before = size_bytes(site_packages)
    for title, step in steps:
        step(site_packages)
        after = size_bytes(site_packages)
        sys.stdout.write(f"{title:32s} -{(before - after) / 1e6:7.1f} MB\n")
        before = after
    sys.stdout.write(f"{'left':32s}  {before / 1e6:7.1f} MB\n")
    return 0


def size_bytes(folder: Path) -> int:
    """Sum the sizes of all regular files; links count nothing."""
    return sum(path.stat().st_size for path in _files(folder))


def remove_folders(site_packages: Path) -> None:
    """Remove whole folders that only building or testing opens."""
    for name in FOLDERS:
        shutil.rmtree(site_packages / name, ignore_errors=True)
    for program in _files(site_packages / "torch" / "bin"):
        if program.name != TORCH_PROGRAM:
            program.unlink()


def remove_test_suites(site_packages: Path) -> None:
    """Remove the packages' own tests."""
    for package in TEST_SUITES:
        for tests in sorted((site_packages / package).rglob("tests")):
            if tests.is_dir():
                shutil.rmtree(tests)


def remove_build_inputs(site_packages: Path) -> None:
    """Remove headers, Cython and C sources, static libraries and type stubs."""
    for path in _files(site_packages):
        read = path.suffix == ".pyi" and path.relative_to(site_packages).parts[0] in STUBS_READ
        if path.suffix in SUFFIXES and not read:
            path.unlink()


def remove_sample_pictures(site_packages: Path) -> None:
    """Remove skimage's sample pictures."""
    for path in _files(site_packages / "skimage" / "data"):
        if path.suffix in SAMPLE_PICTURES:
            path.unlink()


def link_repeated_libraries(site_packages: Path) -> None:
    """Replace equal shared libraries of one folder by links to one of them.

    A wheel cannot hold links, so ``libX.so``, ``libX.so.3`` and ``libX.so.3.2`` come as three full copies.
    """
    originals: dict[tuple[Path, str], Path] = {}
    for path in _files(site_packages):
        if ".so" not in path.suffixes:
            continue
        key = (path.parent, hashlib.sha256(path.read_bytes()).hexdigest())
        original = originals.setdefault(key, path)
        if original != path:
            path.unlink()
            path.symlink_to(original.name)


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if not path.is_symlink():
                yield path


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
