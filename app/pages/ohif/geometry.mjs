// Between the viewer's world and pixels of the stored image, (0, 0) being the top-left CORNER of the first pixel: the
// convention of the service and of DICOM's SCOORD. `imageData` is what is drawn; flips and rotations of the viewer are in
// the camera alone, so that world -> index does not see them. Not utilities.worldToImageCoords: it takes each spacing for
// the other when pixels are not square (cornerstone3D issue 2758).

/** @typedef {[number, number]} Pixel x (column) and y (row) */

/** @param {any} viewport @param {number[]} world @returns {Pixel} */
export function worldToPixel(viewport, world) {
  const [column, row] = viewport.getImageData().imageData.worldToIndex([...world]);
  return [column + 0.5, row + 0.5];
}

/** @param {any} viewport @param {Pixel} pixel @returns {number[]} */
export const pixelToWorld = (viewport, [x, y]) => [
  ...viewport.getImageData().imageData.indexToWorld([x - 0.5, y - 0.5, 0]),
];
