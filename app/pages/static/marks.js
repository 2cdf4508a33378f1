// What lies over an image: centers, outlines, the region that was analyzed.

/** @typedef {import('./types.js').Prediction} Prediction */
/** @typedef {import('./viewport.js').Viewport} Viewport */

export const COLORS = {selected: '#ffbe45', other: '#6fd3ff', draft: '#fff', halo: 'rgba(0, 0, 0, 0.75)'};
const REACH_PX = 9;
const NEAR_PX = 14;

/**
 * One view's share of an answer.
 * @param {import('./types.js').Lesion} lesion
 * @param {number} view
 * @returns {Prediction | null}
 */
export function predictionOf(lesion, view) {
  const {answer} = lesion;
  if (!answer) return null;
  if (!('views' in answer)) return lesion.marks[view] ? answer : null;
  return answer.views[lesion.marks.slice(0, view).filter(Boolean).length] ?? null;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Viewport} viewport
 * @param {import('./types.js').Lesion[]} lesions
 * @param {import('./types.js').Lesion | null} selected
 * @param {number} view
 * @param {import('./types.js').Point[]} draft  What is being drawn on this view.
 */
export function drawMarks(context, viewport, lesions, selected, view, draft) {
  for (const lesion of lesions) {
    const mark = lesion.marks[view];
    if (!mark) continue;
    const color = lesion === selected ? COLORS.selected : COLORS.other;
    const found = predictionOf(lesion, view);
    if (found) {
      stroke(context, color, contourPath(viewport, found.contour));
      if (lesion === selected) strokeRegion(context, viewport, found);
    } else if (mark.contour) stroke(context, color, contourPath(viewport, mark.contour));
    drawCenter(context, viewport.toCanvas(mark), color, String(lesion.number));
  }
  if (draft.length) stroke(context, COLORS.draft, contourPath(viewport, draft.map(({x, y}) => [x, y]), false));
  for (const corner of draft) {
    const {x, y} = viewport.toCanvas(corner);
    context.fillStyle = COLORS.draft;
    context.fillRect(x - 2, y - 2, 4, 4);
  }
}

/**
 * The lesion whose center is at a point of the canvas.
 * @param {Viewport} viewport
 * @param {import('./types.js').Lesion[]} lesions
 * @param {number} view
 * @param {number} x
 * @param {number} y
 */
export function lesionAt(viewport, lesions, view, x, y) {
  return lesions.find(lesion => {
    const mark = lesion.marks[view];
    if (!mark) return false;
    const at = viewport.toCanvas(mark);
    return Math.hypot(at.x - x, at.y - y) <= NEAR_PX;
  });
}

/**
 * @param {Viewport} viewport
 * @param {[number, number][]} contour
 */
function contourPath(viewport, contour, closed = true) {
  const path = new Path2D();
  contour.forEach(([x, y], index) => {
    const at = viewport.toCanvas({x, y});
    if (index) path.lineTo(at.x, at.y);
    else path.moveTo(at.x, at.y);
  });
  if (closed) path.closePath();
  return path;
}

/**
 * A line that is seen on any gray: dark about it.
 * @param {CanvasRenderingContext2D} context
 * @param {string} color
 * @param {Path2D} path
 */
function stroke(context, color, path) {
  context.lineJoin = 'round';
  context.setLineDash([]);
  context.strokeStyle = COLORS.halo;
  context.lineWidth = 4;
  context.stroke(path);
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.stroke(path);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Viewport} viewport
 * @param {Prediction} found
 */
function strokeRegion(context, viewport, {region, image}) {
  const half = region.size_px * region.spacing_mm / 2;
  const dx = half / image.spacing.column_mm, dy = half / image.spacing.row_mm;
  const one = viewport.toCanvas({x: region.center.x - dx, y: region.center.y - dy});
  const other = viewport.toCanvas({x: region.center.x + dx, y: region.center.y + dy});
  context.setLineDash([6, 5]);
  context.lineWidth = 1;
  context.strokeStyle = 'rgba(255, 255, 255, 0.55)';
  context.strokeRect(Math.min(one.x, other.x), one.y, Math.abs(other.x - one.x), other.y - one.y);
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import('./types.js').Point} at
 * @param {string} color
 * @param {string} label
 */
function drawCenter(context, at, color, label) {
  const cross = new Path2D();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    cross.moveTo(at.x + 3 * dx, at.y + 3 * dy);
    cross.lineTo(at.x + REACH_PX * dx, at.y + REACH_PX * dy);
  }
  stroke(context, color, cross);
  context.font = '600 13px system-ui, sans-serif';
  context.lineWidth = 4;
  context.strokeStyle = COLORS.halo;
  context.strokeText(label, at.x + 9, at.y - 7);
  context.fillStyle = color;
  context.fillText(label, at.x + 9, at.y - 7);
}
