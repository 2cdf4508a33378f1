// The tool: cornerstone's Probe, which shows the answer beside the mark and draws the outline.

import { pixelToWorld } from './geometry.mjs';
import { percent } from './texts.mjs';

/** @typedef {import('./marks.mjs').Mark} Mark */

export const TOOL = 'CADx';
const OUTLINE = 'rgb(255, 196, 0)';

/**
 * @param {import('./host.mjs').Host} host @param {() => import('./marks.mjs').Marks | undefined} marksNow
 */
export function makeTool(host, marksNow) {
  const { ProbeTool, drawing, annotation: { state, visibility } } = host.tools;
  return class CadxTool extends ProbeTool {
    static toolName = TOOL;

    /** @param {any} properties */
    constructor(properties = {}) {
      super(properties, {
        configuration: {
          shadow: true,
          preventHandleOutsideImage: true,
          handleRadius: '5',
          textCanvasOffset: { x: 8, y: -8 },
          getTextLines: (/** @type {any} */ data) => textLines(marksNow()?.ofData(data)),
        },
      });
      const drawProbe = /** @type {any} */ (this).renderAnnotation; // a field of each ProbeTool
      this.renderAnnotation = (/** @type {any} */ enabled, /** @type {any} */ svg) => {
        const drawn = drawProbe(enabled, svg);
        const { viewport } = enabled;
        for (const mark of marksNow()?.on(viewport.getCurrentImageId?.()) ?? []) {
          const uid = mark.annotation.annotationUID;
          const contour = mark.answer?.contour;
          if (!contour?.length || !state.getAnnotation(uid) || visibility.isAnnotationVisible(uid) === false) continue;
          const path = contour.map(pixel => viewport.worldToCanvas(pixelToWorld(viewport, pixel)));
          const lineDash = mark.state === 'moved' ? '4,4' : undefined;
          drawing.drawPath(svg, uid, 'contour', path, { color: OUTLINE, lineWidth: 2, closePath: true, lineDash });
        }
        return drawn;
      };
    }
  };
}

/** @param {Mark | undefined} mark */
function textLines(mark) {
  if (!mark) return undefined;
  const name = `CADx ${mark.number}`;
  if (mark.state === 'failed') return [`${name}: not assessed`];
  return [mark.answer && mark.state === 'done' ? `${name}: ${percent(mark.answer.probability)}` : `${name} ...`];
}
