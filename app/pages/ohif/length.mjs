// A lesion's diameter, as the reader measured it with the viewer's own Length tool.

import { worldToPixel } from './geometry.mjs';
import { viewportOf } from './host.mjs';

export const LENGTH_TOOL = 'Length';

/**
 * The length that was drawn last across a mark: its middle lies within half of itself from the mark.
 * @param {import('./host.mjs').Host} host @param {import('./marks.mjs').Mark} mark
 * @returns {number | undefined} mm with a tenth, by the spacing that the service reads in the file
 */
export function lengthAcross(host, mark) {
  const viewport = viewportOf(host, mark.image.imageId);
  if (!viewport || !mark.answer) return undefined;
  const { row_mm, column_mm } = mark.answer.image.spacing;
  /** @param {number[]} one @param {number[]} other */
  const millimeters = (one, other) => Math.hypot((one[0] - other[0]) * column_mm, (one[1] - other[1]) * row_mm);
  const all = /** @type {any[]} */ (host.tools.annotation.state.getAllAnnotations());
  const lengths = all
    .filter(({ metadata }) => metadata.toolName === LENGTH_TOOL && metadata.referencedImageId === mark.image.imageId)
    .map(({ data }) => data.handles.points.map((/** @type {number[]} */ world) => worldToPixel(viewport, world)))
    .filter(([from, to]) => to && 2 * millimeters([mark.x, mark.y], middle(from, to)) <= millimeters(from, to));
  const last = lengths.at(-1);
  return last && Math.round(10 * millimeters(last[0], last[1])) / 10;
}

/** @param {number[]} one @param {number[]} other */
const middle = (one, other) => [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
