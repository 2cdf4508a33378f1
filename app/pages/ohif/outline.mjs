// The outline as an ordinary freehand ROI of the viewer, editable and stored in the viewer's own reports; and back.

import { pixelToWorld, worldToPixel } from './geometry.mjs';
import { redraw, viewportOf } from './host.mjs';

/** @typedef {import('./host.mjs').Host} Host */
/** @typedef {import('./marks.mjs').Mark} Mark */

export const ROI_TOOL = 'PlanarFreehandROI';

/**
 * @param {Host} host @param {Mark} mark
 * @returns {string | undefined} its UID; nothing where no viewport shows the image
 */
export function keepOutline(host, mark) {
  const viewport = viewportOf(host, mark.image.imageId);
  if (!viewport || !mark.answer?.contour) return undefined;
  const { annotation: { state }, Enums } = host.tools;
  const nowhere = { topLeft: [0, 0, 0], topRight: [0, 0, 0], bottomLeft: [0, 0, 0], bottomRight: [0, 0, 0] };
  const roi = {
    highlighted: false, invalidated: true, isLocked: false, isVisible: true,
    annotationUID: host.cornerstone.utilities.uuidv4(),
    metadata: { ...mark.annotation.metadata, toolName: ROI_TOOL },
    data: {
      label: `CADx ${mark.number}`,
      cachedStats: {},
      frameNumber: mark.image.frame ?? 1,
      isOpenUShapeContour: false,
      contour: { polyline: mark.answer.contour.map(pixel => pixelToWorld(viewport, pixel)), closed: true },
      handles: {
        points: [],
        activeHandleIndex: null,
        textBox: { hasMoved: false, worldPosition: [0, 0, 0], worldBoundingBox: nowhere },
      },
    },
  };
  state.addAnnotation(roi, viewport.element);
  redraw(host);
  host.cornerstone.triggerEvent(host.cornerstone.eventTarget, Enums.Events.ANNOTATION_COMPLETED, { annotation: roi });
  return roi.annotationUID;
}

/**
 * A ROI's outline as it is now, in pixels of the stored image.
 * @param {Host} host @param {Mark} mark
 * @returns {[number, number][] | undefined} nothing where it was removed, or its image is not shown
 */
export function editedOutline(host, mark) {
  const viewport = viewportOf(host, mark.image.imageId);
  const roi = mark.roi && host.tools.annotation.state.getAnnotation(mark.roi);
  if (!viewport || !roi) return undefined;
  return roi.data.contour.polyline.map((/** @type {number[]} */ world) => worldToPixel(viewport, world));
}
