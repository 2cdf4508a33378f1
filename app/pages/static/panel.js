// What is said of a lesion.

import {byId, make} from './dom.js';
import {predictionOf} from './marks.js';
import {FAMILIES, FEATURES, FLAGS, REFUSALS, UNITS, text} from './texts.js';
import {more} from './why.js';

/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./types.js').Prediction} Prediction */
/** @typedef {import('./types.js').Lesion} Lesion */

/** @param {number} probability */
export function percent(probability) {
  return `${(100 * probability).toFixed(1)} %`;
}

/**
 * A refusal in words: what is wrong, and what to do.
 * @param {import('./api.js').Problem} problem
 */
export function refusalElement(problem) {
  const plain = REFUSALS[problem.code] ?? `${problem.message} ${problem.remedy}`;
  const id = problem.requestId ? make('p', {class: 'quiet'}, text('requestId', {id: problem.requestId})) : '';
  return make('div', {class: 'refusal', 'data-code': problem.code},
    make('p', {class: 'title'}, text('refused')), make('p', {}, plain), id);
}

/**
 * The lesions as buttons.
 * @param {import('./session.js').Session} session
 */
export function showLesions(session) {
  const buttons = session.lesions.map(lesion => make('button', {
    'aria-pressed': lesion === session.selected, onclick: () => session.select(lesion),
  }, text('lesionNumber', {number: lesion.number}) + (lesion.answer ? `: ${percent(lesion.answer.probability)}` : '')));
  const ready = session.views.some(view => view.ready);
  const add = make('button', {onclick: () => session.newLesion(), disabled: !ready}, text('newLesion'));
  const remove = make('button', {onclick: () => session.selected && session.removeLesion(session.selected),
    disabled: !session.selected}, text('removeLesion'));
  const at = document.activeElement instanceof HTMLElement ? document.activeElement.textContent : null;
  const held = byId('lesions').contains(document.activeElement);
  byId('lesions').replaceChildren(...buttons, add, remove);
  if (held) [...buttons, add].find(button => button.textContent === at)?.focus();
}

/**
 * What was found, or why nothing was.
 * @param {import('./session.js').Session} session
 * @param {Map<string, string>} readsAs
 */
export function showResult(session, readsAs) {
  const lesion = session.selected, answer = lesion?.answer;
  const quiet = (/** @type {string} */ words) => make('p', {class: 'quiet'}, words);
  const at = [...byId('result').querySelectorAll('[data-part]')].findIndex(part => part.contains(document.activeElement));
  byId('result').replaceChildren(...(lesion && answer ? details(session, lesion, answer, readsAs) : []));
  if (at >= 0) byId('result').querySelectorAll('[data-part]')[at]?.querySelector('summary')?.focus();
  if (!lesion || !lesion.marks.some(Boolean)) {
    byId('answer').replaceChildren(quiet(text(session.views.some(view => view.ready) ? 'howToMark' : 'nothingOpen')));
  } else if (lesion.problem) byId('answer').replaceChildren(refusalElement(lesion.problem));
  else byId('answer').replaceChildren(answer ? numbers(answer) : quiet(text('asking')));
}

/**
 * @param {import('./session.js').Session} session
 * @param {Lesion} lesion
 * @param {Answer} answer
 * @param {Map<string, string>} readsAs
 */
function details(session, lesion, answer, readsAs) {
  const several = 'views' in answer;
  const views = session.views.flatMap((view, index) => {
    const found = predictionOf(lesion, index);
    return found ? [{found, name: view.image?.name ?? ''}] : [];
  });
  const notices = make('ul', {class: 'notices'}, ...answer.notices.map(notice => make('li', {}, notice)));
  /** @type {HTMLElement[]} */
  const parts = several ? [eachView(views)] : [];
  for (const {found, name} of views) {
    if (several) parts.push(make('h3', {}, name));
    parts.push(flags(found), region(found), ...more(session, lesion, found, refusalElement), features(found, readsAs), facts(found));
  }
  return [...parts, make('h3', {}, text('noticesTitle')), notices];
}

/** @param {Answer} answer */
function numbers(answer) {
  const branches = make('div', {class: 'branches'},
    number('branchA', answer.cnn_probability), number('branchB', answer.lesion_probability));
  const average = text('views' in answer ? 'averageOfViews' : 'average');
  return make('div', {class: 'numbers'},
    make('p', {class: 'main'}, value('probability', answer.probability), make('span', {}, average)),
    bar(answer.probability),
    branches,
    make('p', {class: 'calibrated'}, value('calibrated', answer.calibrated_probability), ' ', text('calibrated')));
}

/**
 * @param {'branchA' | 'branchB'} name
 * @param {number} probability
 */
function number(name, probability) {
  return make('div', {class: 'branch'}, make('h3', {}, text(name)), value(name, probability), bar(probability),
    make('p', {class: 'quiet'}, text(`${name}How`)));
}

/**
 * A probability: rounded for the eye, whole for whatever reads the page.
 * @param {string} name
 * @param {number} probability
 */
function value(name, probability) {
  return make('data', {value: probability, 'data-name': name, title: String(probability)}, percent(probability));
}

/** @param {number} probability */
function bar(probability) {
  const filled = make('span');
  filled.style.width = `${100 * probability}%`;
  return make('div', {class: 'bar', 'aria-hidden': 'true'}, filled);
}

/** @param {{found: Prediction, name: string}[]} views */
function eachView(views) {
  const head = ['view', 'meanShort', 'branchAShort', 'branchBShort'];
  const rows = views.map(({found, name}) => make('tr', {}, make('th', {scope: 'row'}, name),
    ...[found.probability, found.cnn_probability, found.lesion_probability].map(each =>
      make('td', {}, make('data', {value: each}, percent(each))))));
  return make('table', {class: 'each'},
    make('thead', {}, make('tr', {}, ...head.map(each =>
      make('th', {scope: 'col'}, text(/** @type {'view'} */ (each)))))), make('tbody', {}, ...rows));
}

/** @param {Prediction} found */
function flags(found) {
  if (!found.flags.length) return make('p', {class: 'quiet'}, text('noFlags'));
  const items = found.flags.map(flag => make('li', {'data-code': flag.code},
    make('b', {}, FLAGS[flag.code] ?? flag.code), ' ', flag.message));
  return make('div', {class: 'flags'}, make('h3', {}, text('flagsTitle')), make('ul', {}, ...items));
}

/** @param {Prediction} found */
function region({region}) {
  if (!region.thumbnail_png) return make('div');
  const bytes = Uint8Array.from(atob(region.thumbnail_png), letter => letter.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], {type: 'image/png'}));
  const size = (region.size_px * region.spacing_mm).toFixed(1);
  const picture = make('img', {src: url, alt: text('regionAlt'), width: 512, height: 512, onload: () => URL.revokeObjectURL(url)});
  return make('figure', {class: 'region'}, picture, make('figcaption', {class: 'quiet'}, text('regionHow', {size})));
}

/**
 * @param {Prediction} found
 * @param {Map<string, string>} readsAs
 */
function features(found, readsAs) {
  const groups = Object.entries(FAMILIES).map(([family, title]) => {
    const rows = found.features.filter(feature => feature.family === family).map(({name, value, unit}) => make('tr', {'data-name': name},
      make('th', {scope: 'row'}, FEATURES[name] ?? name, make('span', {class: 'quiet'}, text('higherMeans', {words: readsAs.get(name) ?? ''}))),
      make('td', {}, make('data', {value}, shown(value)), ' ', UNITS[unit] ?? unit)));
    return make('details', {open: family === 'size'}, make('summary', {}, title), make('table', {}, make('tbody', {}, ...rows)));
  });
  return make('div', {class: 'features'}, make('h3', {}, text('featuresTitle')), ...groups);
}

/** @param {number} value */
function shown(value) {
  return Number.isInteger(value) ? String(value) : Number(value.toPrecision(4)).toString();
}

/** @param {Prediction} found */
function facts({model, image, segmentation, center}) {
  const {spacing, reading} = image;
  const millimeters = spacing.row_mm === spacing.column_mm ? `${spacing.row_mm}` : `${spacing.row_mm} × ${spacing.column_mm}`;
  /** @type {[string, string][]} */
  const pairs = [
    [text('factModel'), `${model.name} ${model.version}, ${model.digest.slice(0, 12)}`],
    [text('factCenter'), `x ${center.x}, y ${center.y}`],
    [text('factSize'), `${image.columns} × ${image.rows}, ${millimeters} mm (${spacing.source}, ${spacing.plane})`],
    [text('factGrays'), String(reading.voi ?? text('fullRange'))],
    [text('factOutline'), `${segmentation.method}, ${segmentation.outcome}`],
  ];
  return make('details', {class: 'facts'}, make('summary', {}, text('factsTitle')),
    make('dl', {}, ...pairs.flatMap(([term, told]) => [make('dt', {}, term), make('dd', {}, told)])));
}

/**
 * Fields for the centers, one pair a view: typed in, they are asked about.
 * @param {import('./session.js').Session} session
 */
export function showMarks(session) {
  const form = byId('marks');
  const ready = session.views.filter(view => view.ready);
  if (form.childElementCount !== ready.length) {
    form.replaceChildren(...ready.map(view => {
      const input = (/** @type {'x' | 'y'} */ axis) => make('input', {type: 'number', step: 'any', min: 0, name: axis, required: true});
      const group = make('fieldset', {}, make('legend', {}), make('label', {}, 'x ', input('x')), make('label', {}, 'y ', input('y')),
        make('label', {}, text('diameter'), ' ', make('input', {type: 'number', step: 'any', min: 2, max: 45, name: 'diameter_mm'})),
        make('label', {class: 'wide'}, text('outline'), ' ', make('input', {name: 'contour', autocomplete: 'off', spellcheck: 'false', placeholder: '[[x, y], …]'})),
        make('button', {type: 'button', onclick: () => typed(session, view, group)}, text('ask')));
      group.addEventListener('keydown', event => {
        if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
        event.preventDefault();
        typed(session, view, group);
      });
      return group;
    }));
  }
  ready.forEach((view, at) => {
    const group = form.children[at], mark = session.selected?.marks[session.views.indexOf(view)];
    /** @type {HTMLElement} */ (group.querySelector('legend')).textContent = text('centerOn', {name: view.image?.name ?? ''});
    for (const input of group.querySelectorAll('input')) {
      const told = mark?.[/** @type {'x'} */ (input.name)];
      if (document.activeElement !== input || mark) input.value = told === undefined ? '' : input.name === 'contour' ? JSON.stringify(told) : String(told);
    }
  });
}

/**
 * @param {import('./session.js').Session} session
 * @param {import('./view.js').View} view
 * @param {HTMLFieldSetElement} group
 */
function typed(session, view, group) {
  const [x, y, diameter, contour] = [...group.querySelectorAll('input')], at = session.views.indexOf(view);
  const corners = cornersOf(contour.value);
  contour.setCustomValidity(corners ? '' : text('noOutline'));
  if (!contour.reportValidity() || !corners) return;
  if (corners.length) session.outline(at, corners);
  else {
    if (!x.reportValidity() || !y.reportValidity() || !diameter.reportValidity()) return;
    session.place(at, {x: x.valueAsNumber, y: y.valueAsNumber, diameter_mm: diameter.valueAsNumber || undefined});
  }
  const mark = session.selected?.marks[at];
  if (mark) view.viewport.reveal(mark);
}

/**
 * An outline that was typed: none where nothing was; null where it is no outline.
 * @param {string} typed
 * @returns {import('./types.js').Point[] | null}
 */
function cornersOf(typed) {
  if (!typed.trim()) return [];
  try {
    const corners = JSON.parse(typed).map((/** @type {unknown[]} */ [x, y]) => ({x, y}));
    return corners.length >= 3 && corners.every((/** @type {any} */ {x, y}) => Number.isFinite(x) && Number.isFinite(y)) ? corners : null;
  } catch {
    return null;
  }
}
