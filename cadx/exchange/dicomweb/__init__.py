"""A client of PACS over DICOMweb (PS3.18): images in (WADO-RS), questions (QIDO-RS), results out (STOW-RS).

Only PACS that the operator named are ever asked: `read_connections` gives them, and nothing here takes a URL from a
caller.
"""

from cadx.exchange.dicomweb.client import InstanceName, PacsClient, Sink
from cadx.exchange.dicomweb.connections import PacsConnection, read_connections
from cadx.exchange.dicomweb.storing import StoreOutcome, StoreState

__all__ = [
    "InstanceName",
    "PacsClient",
    "PacsConnection",
    "Sink",
    "StoreOutcome",
    "StoreState",
    "read_connections",
]
