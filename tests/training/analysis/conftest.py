"""The made-up cohorts of the study's tests."""

from tests.training.study.conftest import make_up

__all__ = ["make_up"]
