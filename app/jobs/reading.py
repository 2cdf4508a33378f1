"""The jobs of a worker that only read an image."""

from dataclasses import dataclass

from app.images.held import HeldImage
from app.jobs.queue import Ticket
from app.representations.grays import gray_bytes
from app.schemas.images import ReadingOptions
from cadx.mammogram import ReadingLimits, ReadingPolicy
from cadx.records import Mammogram


@dataclass(frozen=True, slots=True)
class ReadingJob:
    """Reads a kept image as a model does."""

    image: HeldImage
    policy: ReadingPolicy
    limits: ReadingLimits
    options: ReadingOptions

    def run(self, ticket: Ticket) -> Mammogram:
        """Read it.

        Raises
        ------
        MammogramError
            When it cannot be read so.
        """
        ticket.check()
        options = self.options
        return self.image.read(self.policy, self.limits, options.pixel_spacing_mm, options.frame, options.voi)

    def grays(self, ticket: Ticket, *, compressed: bool) -> bytes:
        """Read it, and write its grays.

        Raises
        ------
        MammogramError
            When it cannot be read so.
        """
        return gray_bytes(self.run(ticket), compressed=compressed, check=ticket.check)
