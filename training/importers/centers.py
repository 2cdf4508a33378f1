"""One check of every center that an importer gives: it lies in what was outlined, and on the image."""

from cadx.records import LesionCenter

OFF_IMAGE = "the center lies outside the image"
OFF_OUTLINE = "the center that follows from the outline lies outside it"


def why_misplaced(center: LesionCenter, rows: int, columns: int, *, in_outline: bool = True) -> str | None:
    """Say why a center cannot be used; None when it can.

    A region about a point beside the lesion would be measured as if it were the lesion, and nothing later could tell.

    Parameters
    ----------
    center
        In pixels of the stored image (SCOORD convention).
    rows, columns
        Size of the image, by its own file.
    in_outline
        Whether the center lies in the mask or outline that it was derived from; given centers have none.
    """
    if not (0 <= center.x < columns and 0 <= center.y < rows):
        return OFF_IMAGE
    return None if in_outline else OFF_OUTLINE
