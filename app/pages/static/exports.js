// What a reader takes along: files, a picture, a command, objects in the PACS.

import {ask, confirmed} from './dialog.js';
import {download, make, say} from './dom.js';
import {withImages} from './image.js';
import {writeLink} from './link.js';
import {percent} from './panel.js';
import {asProblem} from './session.js';
import {text} from './texts.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./types.js').Lesion} Lesion */

/** @param {Lesion} lesion */
export function saveJson(lesion) {
  download(new Blob([JSON.stringify(lesion.answer, null, 2)], {type: 'application/json'}), `${lesion.answer?.id}.json`);
}

/**
 * Save what the service writes: an SR of all views, or a SEG of each image.
 * @param {Session} session
 * @param {Lesion} lesion
 * @param {'sr' | 'seg'} kind
 */
export async function saveObject(session, lesion, kind) {
  const {path, body, images} = session.question(lesion);
  const each = kind === 'seg' && Array.isArray(body.views) ? body.views.length : 1;
  for (let index = 0; index < each; index++) {
    const blob = await withImages(images, async () => {
      const now = session.question(lesion).body;
      const [to, json] = each > 1 && Array.isArray(now.views) ? ['v1/predictions', now.views[index]] : [path, now];
      return (await session.service.ask(`${to}/${kind}`, {method: 'POST', json})).blob();
    });
    download(blob, `${lesion.answer?.id}-${kind}${each > 1 ? `-${index + 1}` : ''}.dcm`);
  }
}

/**
 * The pictures of all views as they are seen, with outlines, and under them what the numbers are.
 * @param {Session} session
 * @param {Lesion} lesion
 * @returns {Promise<Blob | null>}
 */
export function picture(session, lesion) {
  const shown = session.views.filter(view => view.ready), answer = lesion.answer;
  const height = Math.max(...shown.map(view => view.canvas.height)), legend = 132, gap = 8;
  const width = Math.max(760, shown.reduce((sum, view) => sum + view.canvas.width + gap, -gap));
  const canvas = make('canvas', {width, height: height + legend});
  const context = canvas.getContext('2d');
  if (!context || !answer) return Promise.resolve(null);
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height + legend);
  let left = 0;
  for (const view of shown) {
    context.drawImage(view.canvas, left, 0);
    left += view.canvas.width + gap;
  }
  const {model} = 'views' in answer ? answer.views[0] : answer;
  const lines = [
    text('answered', {number: lesion.number, percent: percent(answer.probability)}),
    text('legendBranches', {a: percent(answer.cnn_probability), b: percent(answer.lesion_probability), c: percent(answer.calibrated_probability)}),
    text('legendModel', {name: model.name, version: model.version, digest: model.digest.slice(0, 12), id: answer.id}),
    answer.demonstration_only ? text('demonstration') : '',
    text('research'),
  ].filter(Boolean);
  lines.forEach((line, index) => {
    context.font = `${index ? 15 : '600 20'}px system-ui, sans-serif`;
    context.fillStyle = index ? '#c9d1da' : '#ffbe45';
    context.fillText(line, 12, height + 28 + 24 * index, width - 24);
  });
  return new Promise(resolve => canvas.toBlob(resolve, 'image/png'));
}

/** @param {string} word */
function quoted(word) {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The same question as a command. The key stays out of it.
 * @param {Session} session
 * @param {Lesion} lesion
 */
export function curl(session, lesion) {
  const {path, body, images} = session.question(lesion);
  const words = ['curl -s', quoted(new URL(path, session.service.base).href)];
  if (session.service.usesKey) words.push('-H "X-API-Key: $CADX_KEY"');
  const references = /** @type {Record<string, unknown>[]} */ (Array.isArray(body.views) ? body.views : [body]);
  if (images.every(({source}) => 'dicomweb' in source)) {
    words.push("-H 'Content-Type: application/json'", '-d', quoted(JSON.stringify(body)));
    return words.join(' ');
  }
  references.forEach((reference, index) => {
    const {source} = images[index];
    words.push('-F', quoted(`image=@${'file' in source ? source.file.name : text('fileOf', {name: images[index].name})}`));
    const told = {...lesion.marks.filter(Boolean)[index], ...reference};
    for (const name of /** @type {const} */ (['x', 'y', 'contour', 'diameter_mm', 'pixel_spacing_mm', 'frame'])) {
      const value = /** @type {Record<string, unknown>} */ (told)[name];
      if (value !== undefined) words.push('-F', quoted(`${name}=${JSON.stringify(value)}`));
    }
  });
  return words.join(' ');
}

/**
 * Put a text on the clipboard; where the browser does not let us, show it.
 * @param {string} words
 */
export async function copy(words) {
  try {
    await navigator.clipboard.writeText(words);
    say(text('copied'));
  } catch {
    const area = make('textarea', {readonly: true, rows: 5, 'aria-label': text('copyByHand')}, words);
    area.addEventListener('focus', () => area.select());
    await ask(text('copyByHand'), [area], '');
  }
}

/**
 * The link to what a view shows, where it came from a PACS.
 * @param {Session} session
 * @param {Lesion | null} lesion
 */
export function linkOf(session, lesion) {
  const {image} = session.active ?? {};
  if (!image || 'file' in image.source) return '';
  const mark = lesion?.marks[session.views.indexOf(/** @type {import('./view.js').View} */ (session.active))] ?? null;
  return writeLink(image.source.dicomweb, image.reading, mark);
}

/**
 * Store SR and SEG in a PACS, after asking.
 * @param {Session} session
 * @param {Lesion} lesion
 * @param {import('./types.js').Pacs[]} stores
 */
export async function store(session, lesion, stores) {
  const {path, images} = session.question(lesion);
  const {source} = images[0];
  const own = 'dicomweb' in source ? stores.filter(({name}) => name === source.dicomweb.pacs) : stores;
  const choice = make('select', {}, ...own.map(({name}) => make('option', {value: name}, name)));
  const study = 'study' in source ? source.study : undefined;
  const whose = study ? text('patient', {name: study.patient_name.replaceAll('^', ' '), id: study.patient_id, date: study.date}) : text('wholeFile');
  const content = [make('p', {}, text('storeWhat', {number: lesion.number})), make('p', {}, make('b', {}, whose)),
    make('label', {}, text('pacs'), ' ', choice), make('p', {class: 'quiet'}, text('storeHow'))];
  if (!await confirmed(text('storeTitle'), content, text('storeNow'))) return;
  say(text('storing'));
  const query = new URLSearchParams([['store', 'sr'], ['store', 'seg'], ['pacs', choice.value]]);
  const answer = await withImages(images, () =>
    session.service.json(`${path}?${query}`, {method: 'POST', json: session.question(lesion).body}));
  /** @type {import('./types.js').Stored[]} */
  const stored = answer.stored;
  const told = stored.map(({kind, state, reason}) =>
    make('li', {}, `${kind.toUpperCase()}: ${text(state === 'stored' ? 'stateStored' : state === 'already_stored' ? 'stateAlready' : 'stateWarning')} ${reason}`));
  say(text('storedTitle'));
  await ask(text('storedTitle'), [make('ul', {}, ...told)], '');
}

/**
 * Do it; say so where it cannot be done.
 * @param {() => unknown} work
 * @param {(problem: import('./api.js').Problem) => HTMLElement} show
 */
export async function trying(work, show) {
  try {
    await work();
  } catch (error) {
    const problem = asProblem(error);
    say(problem.message);
    await ask(text('refused'), [show(problem)], '');
  }
}
