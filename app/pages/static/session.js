import {Problem} from './api.js';
import {say} from './dom.js';
import {OpenImage, withImages} from './image.js';
import {predictionOf} from './marks.js';
import {refusalElement, percent} from './panel.js';
import {text} from './texts.js';
import {View} from './view.js';

/** @typedef {import('./types.js').Lesion} Lesion */
/** @typedef {import('./types.js').Mark} Mark */
/** @typedef {import('./types.js').Point} Point */
/** @typedef {import('./types.js').Source} Source */

export const MOST_VIEWS = 2;
const REST_MS = 250;
const PARTS = '?include=features&include=contour&include=timings&include=thumbnail';

/** What is open: one image or two of the same breast, and the lesions marked on them. Everything is in memory alone. */
export class Session {
  /** @type {View[]} */
  views = [];
  /** @type {Lesion[]} */
  lesions = [];
  /** @type {Lesion | null} */
  selected = null;
  /** @type {View | null} */
  active = null;
  tool = 'mark';
  /** What is being drawn: an outline's corners, or a line. @type {{view: number, points: Point[]} | null} */
  draft = null;
  /** What the model tells besides its answer. @type {string[]} */
  parts = [];
  #resting = 0;

  /**
   * @param {import('./api.js').Service} service
   * @param {HTMLElement} place  Where views go.
   * @param {(what: 'views' | 'lesions' | 'answer' | 'window') => void} changed
   */
  constructor(service, place, changed) {
    this.service = service;
    this.element = place;
    this.changed = changed;
  }

  /**
   * Open images in the place of what is open, or, with `beside`, one more beside it.
   * @param {Source[]} sources
   * @param {{beside?: boolean, mark?: Point, frame?: number}} [options]
   */
  async open(sources, {beside = false, mark, frame} = {}) {
    if (!beside || this.views.length >= MOST_VIEWS) {
      for (const view of [...this.views]) this.close(view);
    }
    const room = MOST_VIEWS - this.views.length;
    const reading = frame === undefined ? {} : {frame};
    await Promise.all(sources.slice(0, room).map(source => this.#openOne(source, reading, mark)));
  }

  /**
   * @param {Source} source
   * @param {import('./types.js').Reading} reading
   * @param {Point} [mark]
   */
  async #openOne(source, reading, mark) {
    const view = new View(this);
    this.views.push(view);
    for (const lesion of this.lesions) lesion.marks.push(null);
    this.element.append(view.element);
    this.activate(view);
    this.changed('views');
    await this.#load(view, source, reading);
    if (mark && view.ready) this.place(this.views.indexOf(view), mark);
  }

  /**
   * @param {View} view
   * @param {Source} source
   * @param {import('./types.js').Reading} reading
   */
  async #load(view, source, reading) {
    const image = new OpenImage(this.service, source, reading);
    view.image = image;
    view.loading();
    say(text('loading'));
    try {
      await image.load();
      if (view.image !== image || !this.views.includes(view)) return;
      view.show();
      say(text('loaded', {name: image.name}));
      if (document.activeElement === document.body) view.canvas.focus({preventScroll: true});
    } catch (error) {
      const problem = asProblem(error);
      say(problem.message);
      view.refuse(refusalElement(problem), problem.code, more => {
        image.forget();
        this.#load(view, source, {...reading, ...more});
      });
    }
    this.changed('views');
  }

  /** @param {View} view */
  close(view) {
    const index = this.views.indexOf(view);
    if (index < 0) return;
    view.image?.forget();
    view.element.remove();
    this.views.splice(index, 1);
    for (const lesion of this.lesions) lesion.marks.splice(index, 1);
    for (const lesion of this.lesions) if (!lesion.marks.some(Boolean)) lesion.asking?.abort();
    this.lesions = this.lesions.filter(lesion => lesion.marks.some(Boolean));
    for (const lesion of this.lesions) if (lesion.answer && 'views' in lesion.answer) this.ask(lesion);
    if (!this.lesions.includes(/** @type {Lesion} */ (this.selected))) this.selected = this.lesions[0] ?? null;
    this.active = this.views[0] ?? null;
    this.changed('views');
    this.changed('answer');
  }

  /** @param {View} view */
  activate(view) {
    if (this.active === view) return;
    this.active = view;
    for (const each of this.views) each.element.classList.toggle('active', each === view);
    this.changed('window');
  }

  /** @returns {Lesion} */
  newLesion() {
    const unmarked = this.lesions.find(lesion => !lesion.marks.some(Boolean));
    const number = Math.max(0, ...this.lesions.map(lesion => lesion.number)) + 1;
    const lesion = unmarked ?? {number, marks: this.views.map(() => null), answer: null, problem: null, asking: null, more: new Map()};
    if (!unmarked) this.lesions.push(lesion);
    this.select(lesion);
    return lesion;
  }

  /** @param {Lesion} lesion */
  removeLesion(lesion) {
    lesion.asking?.abort();
    const index = this.lesions.indexOf(lesion);
    this.lesions.splice(index, 1);
    this.selected = this.lesions[Math.min(index, this.lesions.length - 1)] ?? null;
    this.changed('answer');
  }

  /** @param {Lesion} lesion */
  select(lesion) {
    if (this.selected === lesion) return;
    this.selected = lesion;
    this.changed('answer');
  }

  /**
   * Mark the selected lesion, and ask.
   * @param {number} view
   * @param {Mark} point
   */
  place(view, point) {
    clearTimeout(this.#resting);
    this.#mark(view, point);
    if (this.selected) this.ask(this.selected);
  }

  /**
   * Mark the selected lesion, and ask when the mark has come to rest.
   * @param {number} view
   * @param {Point} point
   */
  move(view, point) {
    this.#mark(view, point);
    const lesion = this.selected;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => { if (lesion && this.lesions.includes(lesion)) this.ask(lesion); }, REST_MS);
  }

  /**
   * Draw the selected lesion's outline, and ask.
   * @param {number} view
   * @param {Point[]} corners
   */
  outline(view, corners) {
    const contour = corners.map(({x, y}) => /** @type {[number, number]} */ ([rounded(x), rounded(y)]));
    const middle = (/** @type {0 | 1} */ axis) => contour.reduce((sum, corner) => sum + corner[axis], 0) / contour.length;
    this.place(view, {x: middle(0), y: middle(1), contour});
  }

  /**
   * Measure the selected lesion, and ask; one that is not marked is in the middle of the line.
   * @param {number} view
   * @param {Point} one
   * @param {Point} other
   */
  measure(view, one, other) {
    const {row_mm = 1, column_mm = 1} = this.views[view].image?.description?.spacing ?? {};
    const diameter_mm = Math.round(10 * Math.hypot((other.x - one.x) * column_mm, (other.y - one.y) * row_mm)) / 10;
    const {x, y} = this.selected?.marks[view] ?? {x: (one.x + other.x) / 2, y: (one.y + other.y) / 2};
    this.place(view, {x, y, diameter_mm});
  }

  /** @param {number} view @param {Point[]} points  None: nothing is drawn. */
  sketch(view, points) {
    this.draft = points.length ? {view, points} : null;
    this.views[view]?.viewport.redraw();
  }

  /**
   * @param {number} view
   * @param {Mark} mark
   */
  #mark(view, {x, y, ...drawn}) {
    const lesion = this.selected ?? this.newLesion(), {diameter_mm} = lesion.marks[view] ?? {};
    lesion.asking?.abort();
    // A mark that is moved keeps the diameter, and loses the outline.
    const kept = diameter_mm && !drawn.contour ? {diameter_mm} : {};
    lesion.marks[view] = {x: rounded(x), y: rounded(y), ...kept, ...drawn};
    if (!lesion.marks[view].diameter_mm) delete lesion.marks[view].diameter_mm;
    lesion.answer = lesion.problem = null;
    lesion.more.clear();
    this.changed('lesions');
  }

  /**
   * The path and the body of the question about a lesion.
   * @param {Lesion} lesion
   * @returns {{path: string, body: Record<string, unknown>, images: OpenImage[]}}
   */
  question(lesion) {
    const marked = this.views.flatMap((view, index) => {
      const mark = lesion.marks[index];
      return view.image && view.ready && mark ? [{image: view.image, mark}] : [];
    });
    const references = marked.map(({image, mark}) => image.reference(mark));
    const images = marked.map(({image}) => image);
    if (references.length === 1) return {path: 'v1/predictions', body: references[0], images};
    return {path: 'v1/predictions/views', body: {views: references}, images};
  }

  /** @param {Lesion} lesion */
  async ask(lesion) {
    lesion.asking?.abort();
    const {images} = this.question(lesion);
    if (!images.length) return;
    const asking = lesion.asking = new AbortController();
    lesion.answer = lesion.problem = null;
    this.changed('answer');
    say(text('asking'));
    try {
      const answer = await withImages(images, () => {
        const {path, body} = this.question(lesion);
        return this.service.json(path + PARTS, {method: 'POST', json: body, signal: asking.signal});
      });
      if (lesion.asking !== asking || asking.signal.aborted) return;
      lesion.answer = answer;
      this.#centerOutlines(lesion);
      say(text('answered', {number: lesion.number, percent: percent(answer.probability)}));
    } catch (error) {
      if (asking.signal.aborted) return;
      lesion.problem = asProblem(error);
      say(lesion.problem.message);
    }
    lesion.asking = null;
    this.changed('answer');
  }

  /** The center of an outline is where the service says. @param {Lesion} lesion */
  #centerOutlines(lesion) {
    lesion.marks.forEach((mark, view) => {
      if (mark?.contour) Object.assign(mark, predictionOf(lesion, view)?.center);
    });
  }

  /**
   * Ask for one more part of an answer.
   * @param {Lesion} lesion
   * @param {import('./types.js').Part} part
   */
  async askMore(lesion, part) {
    if (lesion.more.get(part) === null) return;
    lesion.more.set(part, null);
    this.changed('answer');
    try {
      const answer = await withImages(this.question(lesion).images, () => {
        const {path, body} = this.question(lesion);
        return this.service.json(`${path}?include=${part}`, {method: 'POST', json: body});
      });
      const {answer: shown} = lesion;
      if (shown?.id !== answer.id) return;
      const old = shown && 'views' in shown ? shown.views : shown ? [shown] : [];
      old.forEach((found, at) => {
        const {flags, [part]: told} = 'views' in answer ? answer.views[at] : answer;
        Object.assign(found, {flags, [part]: told});
      });
      lesion.more.delete(part);
      say(text('told', {part: text(part)}));
    } catch (error) {
      lesion.more.set(part, asProblem(error));
    }
    this.changed('answer');
  }

  /** @param {View} view */
  windowed(view) {
    view.viewport.redraw();
    this.changed('window');
  }

  /**
   * @param {string} name
   * @param {View | null} [view]
   */
  command(name, view = this.active) {
    const around = (/** @type {number} */ step) => {
      const {length} = this.lesions;
      if (length) this.select(this.lesions[(this.lesions.indexOf(/** @type {Lesion} */ (this.selected)) + step + length) % length]);
    };
    if (!view) return;
    const {viewport} = view;
    /** @type {Record<string, () => unknown>} */
    const commands = {
      zoomIn: () => viewport.zoom(1.25),
      zoomOut: () => viewport.zoom(1 / 1.25),
      fit: () => viewport.fit(),
      invert: () => { viewport.window.inverted = !viewport.window.inverted; },
      mirror: () => { viewport.mirrored = !viewport.mirrored; },
      asModel: () => { viewport.window.set(50, 100); viewport.window.inverted = false; },
      newLesion: () => this.newLesion(),
      removeLesion: () => this.selected && this.removeLesion(this.selected),
      previousLesion: () => around(-1),
      nextLesion: () => around(1),
    };
    commands[name]?.();
    this.windowed(view);
  }
}

/** A hundredth of a pixel. @param {number} value */
const rounded = value => Math.round(100 * value) / 100;

/** @param {unknown} error */
export function asProblem(error) {
  if (error instanceof Problem) return error;
  console.error(error);
  return new Problem({code: 'page_failed', title: text('pageFailed'), detail: String(error), remedy: ''});
}
