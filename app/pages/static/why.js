// What is told of an answer on request: how firm it is, and why it is what it is.

import {make} from './dom.js';
import {FAMILIES, FEATURES, text} from './texts.js';

/** @typedef {import('./types.js').Part} Part */
/** @typedef {import('./types.js').Prediction} Prediction */

/** @type {{[part in Part]: (found: Prediction) => (HTMLElement | string)[]}} */
const TOLD = {robustness, explanation, similar, reliability};

/**
 * A part each, asked for when it is opened.
 * @param {import('./session.js').Session} session
 * @param {import('./types.js').Lesion} lesion
 * @param {Prediction} found
 * @param {(problem: import('./api.js').Problem) => HTMLElement} refusal
 */
export function more(session, lesion, found, refusal) {
  const offered = /** @type {Part[]} */ (Object.keys(TOLD)).filter(part => session.parts.includes(part));
  return offered.map(part => {
    const problem = lesion.more.get(part);
    const content = found[part] ? TOLD[part](found) : problem ? [refusal(problem)] : [make('p', {class: 'quiet'}, text('asking'))];
    const details = make('details', {'data-part': part, open: Boolean(found[part]) || lesion.more.has(part)},
      make('summary', {}, text(part)), ...content);
    details.addEventListener('toggle', () => {
      if (!details.open && problem) lesion.more.delete(part); // opened again, it is asked for again
      else if (details.open && !found[part] && !lesion.more.has(part)) session.askMore(lesion, part);
    });
    return details;
  });
}

/** @param {number} share */
const percent = share => `${(100 * share).toFixed(1)} %`;

/** A number as the eye wants it, whole for whatever reads the page. @param {string} name @param {number} value @param {string} [shown] */
const told = (name, value, shown = value.toFixed(2)) => make('data', {value, 'data-name': name, title: String(value)}, shown);

/** @param {string} name @param {import('./types.js').Spread} spread */
const range = (name, {lowest, highest, sd}) => make('td', {},
  told(`${name}-lowest`, lowest, (100 * lowest).toFixed(1)), ' – ', told(`${name}-highest`, highest, (100 * highest).toFixed(1)),
  make('span', {class: 'quiet'}, 'SD ', told(`${name}-sd`, sd, (100 * sd).toFixed(1))));

/** @param {Prediction} found */
function robustness(found) {
  const discs = found.robustness?.discs ?? [];
  const head = [text('moved'), ...[text('meanShort'), text('branchAShort'), text('branchBShort')].map(each => `${each} %`)];
  const rows = discs.map(disc => make('tr', {},
    make('th', {scope: 'row'}, `${disc.radius_mm} mm`, make('span', {class: 'quiet'}, `${text('overlap')} `, told('overlap', disc.mean_overlap)),
      disc.refused ? make('span', {class: 'quiet'}, text('refusedMarks', {count: disc.refused})) : ''),
    range('probability', disc.probability), range('a', disc.cnn_probability), range('b', disc.lesion_probability)));
  return [make('table', {class: 'each'}, make('thead', {}, make('tr', {}, ...head.map(each => make('th', {scope: 'col'}, each)))),
    make('tbody', {}, ...rows)), make('p', {class: 'quiet'}, text('robustnessHow'))];
}

/**
 * Bars to the left and the right of nothing.
 * @param {[string, string, number, string][]} rows  Name for programs, name for people, value, what else is said.
 */
function bars(rows) {
  const most = Math.max(1e-9, ...rows.map(([, , value]) => Math.abs(value)));
  return make('table', {class: 'signed'}, make('tbody', {}, ...rows.map(([name, title, value, words]) => {
    const bar = make('span');
    bar.style.width = `${50 * Math.abs(value) / most}%`;
    bar.style.marginLeft = value < 0 ? `${50 - 50 * Math.abs(value) / most}%` : '50%';
    return make('tr', {'data-name': name}, make('th', {scope: 'row'}, title, make('span', {class: 'quiet'}, words)),
      make('td', {}, make('div', {class: value < 0 ? 'bar against' : 'bar', 'aria-hidden': 'true'}, bar), told('contribution', value)));
  })));
}

/** @param {Prediction} found */
function explanation({explanation: why}) {
  if (!why) return [];
  const features = why.features.toSorted((one, other) => Math.abs(other.contribution) - Math.abs(one.contribution));
  return [make('p', {class: 'sentence'}, why.sentence),
    bars(Object.entries(why.families).map(([family, value]) => [family, FAMILIES[family] ?? family, value, ''])),
    make('p', {class: 'quiet'}, text('forMalignant')),
    make('details', {}, make('summary', {}, text('allFeatures')),
      bars(features.map(({name, contribution, benign_percentile: benign, malignant_percentile: malignant}) =>
        [name, FEATURES[name] ?? name, contribution,
          benign === undefined || malignant === undefined ? '' : text('percentiles', {benign: benign.toFixed(0), malignant: malignant.toFixed(0)})])))];
}

/** @param {Prediction} found */
function similar({similar: near}) {
  if (!near) return [];
  const {benign, malignant, agreement, base_rate: base, cases} = near;
  const items = cases.map(({outcome, distance, thumbnail_png: png}) => make('li', {'data-outcome': outcome},
    png ? picture(png, text('caseAlt', {outcome})) : '', make('b', {}, outcome), ' ', told('distance', distance, text('distance', {distance: distance.toFixed(2)}))));
  return [make('p', {'data-name': 'similar'}, text('nearest', {count: cases.length, benign, malignant})),
    near.atypical ? make('p', {class: 'title'}, text('atypical')) : '',
    make('p', {class: 'quiet'}, text('likeness', {agreement: percent(agreement), base: percent(base)})), make('ol', {}, ...items)];
}

/** @param {string} png In base64. @param {string} alt */
function picture(png, alt) {
  const bytes = Uint8Array.from(atob(png), letter => letter.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], {type: 'image/png'}));
  return make('img', {src: url, alt, width: 64, height: 64, onload: () => URL.revokeObjectURL(url)});
}

/** @param {Prediction} found */
function reliability({reliability: firm}) {
  if (!firm) return [];
  const {conformal_set: set, venn_abers: [p0, p1], difference, difference_range: [low, high]} = firm;
  const labels = set.map(label => text(label === 'benign' ? 'benign' : 'malignant')).join(', ') || text('neither');
  /** @type {[string, (Node | string)[]][]} */
  const pairs = [
    [text('sets'), [make('span', {'data-name': 'conformal'}, text('setsHow', {labels, coverage: percent(firm.conformal_coverage)}))]],
    [text('vennAbers'), ['p0 ', told('p0', p0, percent(p0)), ', p1 ', told('p1', p1, percent(p1))]],
    [text('difference'), [text('differenceHow', {difference: difference.toFixed(2), low: low.toFixed(2), high: high.toFixed(2)})]],
    ...Object.entries(firm.novelty).map(([branch, {distance, percentile, flagged_from: from}]) => /** @type {[string, string[]]} */ ([
      text('noveltyOf', {branch: text(branch === 'cnn' ? 'branchAShort' : 'branchBShort')}),
      [text('noveltyHow', {distance: distance.toFixed(2), percentile: percentile.toFixed(0), from: from.toFixed(2)})]])),
  ];
  return [make('dl', {}, ...pairs.flatMap(([term, words]) => [make('dt', {}, term), make('dd', {}, ...words)]))];
}
