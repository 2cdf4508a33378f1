// cornerstone waits 0.4 s after a press, lest it be a double click, before a tool hears of it. The service is asked as soon
// as the button is up, so that the answer is there when the mark is; a second click wastes a question, no more.

import { worldToPixel } from './geometry.mjs';
import { viewportsOf } from './host.mjs';
import { TOOL } from './tool.mjs';

const STILL = 3; // screen pixels, cornerstone's own: further is a drag
const NEAR = 12; // pixels of a mark, which a press would take hold of

/** @param {import('./host.mjs').Host} host @param {import('./marks.mjs').Marks} marks @returns {() => void} what ends it */
export function askEarly(host, marks) {
  /** @type {{imageId: string, place: [number, number], event: MouseEvent} | undefined} */
  let pressed;
  const down = (/** @type {MouseEvent} */ event) => {
    pressed = undefined;
    const active = host.services.viewportGridService.getActiveViewportId();
    const viewport = viewportsOf(host).find(one => one.id === active);
    const imageId = viewport?.getCurrentImageId?.();
    if (event.button || !imageId || !viewport.element.contains(event.target)) return;
    const group = host.tools.ToolGroupManager.getToolGroupForViewport(viewport.id, viewport.renderingEngineId);
    if (group?.getActivePrimaryMouseButtonTool() !== TOOL) return;
    const { left, top } = viewport.element.getBoundingClientRect();
    const place = worldToPixel(viewport, viewport.canvasToWorld([event.clientX - left, event.clientY - top]));
    if (marks.on(imageId).some(({ x, y }) => Math.hypot(x - place[0], y - place[1]) < NEAR)) return;
    pressed = { imageId, place, event };
  };
  const up = (/** @type {MouseEvent} */ event) => {
    if (!pressed) return;
    const { clientX, clientY } = pressed.event;
    if (Math.hypot(event.clientX - clientX, event.clientY - clientY) <= STILL) marks.foresee(pressed.imageId, pressed.place);
    pressed = undefined;
  };
  const left = new AbortController();
  const options = { capture: true, signal: left.signal };
  document.addEventListener('mousedown', down, options);
  document.addEventListener('mouseup', up, options);
  return () => left.abort();
}
