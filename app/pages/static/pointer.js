// Mouse, pen, finger and keys on a view.

import {lesionAt} from './marks.js';

/** @typedef {import('./types.js').Point} Point */

const MOVED_PX = 4;
const CORNER_PX = 3;
const CLOSE_PX = 9;
const WHEEL_ZOOM = 1.2;
/** Percent of the model's grays that a drag of one pixel changes. */
const WINDOW_STEP = 0.2;

/**
 * @typedef {object} Hand
 * @property {import('./viewport.js').Viewport} viewport
 * @property {() => number} view  Its place among the views, which changes when another is closed.
 * @property {() => string} tool
 * @property {() => import('./types.js').Lesion[]} lesions
 * @property {(view: number, point: import('./types.js').Point) => void} place  Mark, and ask.
 * @property {(view: number, point: import('./types.js').Point) => void} move  Mark; ask when it rests.
 * @property {(lesion: import('./types.js').Lesion) => void} select
 * @property {() => Point[]} draft
 * @property {(points: Point[]) => void} sketch  Show what is being drawn.
 * @property {(corners: Point[]) => void} outline  Outline, and ask.
 * @property {(one: Point, other: Point) => void} measure  Measure, and ask.
 * @property {() => void} windowed  The window was changed.
 * @property {(name: string) => void} command
 */

/** @param {Hand} hand */
export function followPointers(hand) {
  const {viewport} = hand, {canvas} = viewport;
  /** @type {Map<number, {x: number, y: number}>} */
  const down = new Map();
  let doing = '', moved = false, pinched = false;

  canvas.addEventListener('contextmenu', event => event.preventDefault());
  canvas.addEventListener('wheel', event => {
    event.preventDefault();
    viewport.zoom(event.deltaY < 0 ? WHEEL_ZOOM : 1 / WHEEL_ZOOM, event.offsetX, event.offsetY);
  }, {passive: false});

  canvas.addEventListener('pointerdown', event => {
    if (!viewport.grays) return;
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, {x: event.offsetX, y: event.offsetY});
    moved = moved && down.size > 1;
    pinched = down.size > 1;
    doing = event.button === 2 ? 'window' : event.button === 1 ? 'pan' : hand.tool();
    if (DRAWN.has(doing) && down.size === 1) begin(event);
    if (doing !== 'mark') return;
    const lesion = lesionAt(viewport, hand.lesions(), hand.view(), event.offsetX, event.offsetY);
    if (lesion) {
      hand.select(lesion);
      doing = 'drag';
    }
  });

  canvas.addEventListener('pointermove', event => {
    const last = down.get(event.pointerId);
    if (!last) return;
    const dx = event.offsetX - last.x, dy = event.offsetY - last.y;
    if (!moved && Math.hypot(dx, dy) < MOVED_PX) return;
    moved = true;
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    down.set(event.pointerId, {x: event.offsetX, y: event.offsetY});
    if (other) pinch(last, other, event);
    else if (pinched) return;
    else if (doing === 'drag') dragTo(event);
    else if (DRAWN.has(doing)) draw(event);
    else if (doing === 'window') {
      viewport.window.set(viewport.window.level + dy * WINDOW_STEP, viewport.window.width + dx * WINDOW_STEP);
      hand.windowed();
    } else viewport.pan(dx, dy);
  });

  /** @param {PointerEvent} event */
  const up = event => {
    if (!down.delete(event.pointerId) || down.size) return;
    const point = viewport.toImage(event.offsetX, event.offsetY);
    const asked = event.type === 'pointerup' && viewport.holds(point);
    if (DRAWN.has(doing)) end(asked && !pinched);
    else if (asked && !pinched && (doing === 'drag' ? moved : doing === 'mark' && !moved)) hand.place(hand.view(), point);
    moved = pinched = false;
  };
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('pointercancel', up);

  /** An outline goes on from corner to corner; one line is a caliper. @param {PointerEvent} event */
  function begin({offsetX, offsetY}) {
    const point = viewport.toImage(offsetX, offsetY), drawn = doing === 'outline' ? hand.draft() : [];
    if (viewport.holds(point)) hand.sketch([...drawn, point]);
  }

  /** @param {PointerEvent} event */
  function draw({offsetX, offsetY}) {
    const point = viewport.toImage(offsetX, offsetY), drawn = hand.draft();
    if (!viewport.holds(point) || !drawn.length) return;
    const last = viewport.toCanvas(drawn[drawn.length - 1]);
    if (doing === 'caliper') hand.sketch([drawn[0], point]);
    else if (Math.hypot(last.x - offsetX, last.y - offsetY) >= CORNER_PX) hand.sketch([...drawn, point]);
  }

  /** A line is measured; a stroke, or a click near the first corner, closes the outline. @param {boolean} whole */
  function end(whole) {
    const drawn = hand.draft();
    if (!whole) hand.sketch([]);
    else if (doing === 'caliper') {
      hand.sketch([]);
      if (drawn.length === 2) hand.measure(drawn[0], drawn[1]);
    } else if (drawn.length > 3) {
      const [first, last] = [drawn[0], drawn[drawn.length - 1]].map(point => viewport.toCanvas(point));
      if (moved || Math.hypot(first.x - last.x, first.y - last.y) < CLOSE_PX) close(hand, moved ? drawn : drawn.slice(0, -1));
    }
  }

  /** @param {PointerEvent} event */
  function dragTo(event) {
    const point = viewport.toImage(event.offsetX, event.offsetY);
    if (viewport.holds(point)) hand.move(hand.view(), point);
  }

  /**
   * @param {{x: number, y: number}} last
   * @param {{x: number, y: number}} other
   * @param {PointerEvent} event
   */
  function pinch(last, other, event) {
    const before = Math.hypot(last.x - other.x, last.y - other.y);
    const now = Math.hypot(event.offsetX - other.x, event.offsetY - other.y);
    if (before > 10) viewport.zoom(now / before, (event.offsetX + other.x) / 2, (event.offsetY + other.y) / 2);
    viewport.pan((event.offsetX - last.x) / 2, (event.offsetY - last.y) / 2);
  }
}

const DRAWN = new Set(['outline', 'caliper']);

/** @param {Hand} hand @param {Point[]} corners */
function close(hand, corners) {
  hand.sketch([]);
  if (corners.length >= 3) hand.outline(corners);
}

/** @type {Record<string, [number, number]>} */
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
/** @type {Record<string, string>} */
const COMMANDS = {
  '+': 'zoomIn', '=': 'zoomIn', '-': 'zoomOut', '0': 'fit', i: 'invert', m: 'asModel', f: 'mirror',
  n: 'newLesion', Delete: 'removeLesion', '[': 'previousLesion', ']': 'nextLesion',
};

/**
 * Keys, while the view has the focus and only then.
 * @param {Hand} hand
 * @param {() => import('./types.js').Point | null} mark  Of the selected lesion, on this view.
 */
export function followKeys(hand, mark) {
  const {viewport} = hand, {canvas} = viewport;
  canvas.addEventListener('keydown', event => {
    if (!viewport.grays || event.altKey || event.metaKey) return;
    const middle = viewport.toImage(canvas.clientWidth / 2, canvas.clientHeight / 2);
    const arrow = ARROWS[event.key], drawn = hand.draft();
    if (arrow && event.ctrlKey) viewport.pan(-40 * arrow[0], -40 * arrow[1]);
    else if (arrow) {
      const step = event.shiftKey ? 10 : 1, from = mark();
      const along = (viewport.mirrored ? -step : step) * arrow[0];
      const to = from ? {x: from.x + along, y: from.y + step * arrow[1]} : middle;
      if (viewport.holds(to)) {
        hand.move(hand.view(), to);
        viewport.reveal(to);
      }
    } else if (event.ctrlKey) return;
    else if (event.key === 'Enter' && drawn.length) close(hand, drawn);
    else if (event.key === 'Escape' && drawn.length) hand.sketch([]);
    else if (event.key === 'Backspace' && drawn.length) hand.sketch(drawn.slice(0, -1));
    else if (event.key === 'Enter' && viewport.holds(middle)) hand.place(hand.view(), mark() ?? middle);
    else if (COMMANDS[event.key]) hand.command(COMMANDS[event.key]);
    else return;
    event.preventDefault();
  });
}
