// The documents of the service, as far as the page reads them (/openapi.json has them whole).

/** @typedef {{x: number, y: number}} Point  In pixels of the stored image; (0, 0) is its top-left corner. */
/** @typedef {Point & {diameter_mm?: number, contour?: [number, number][]}} Mark  A center, or a reader's outline about it. */
/** @typedef {{row_mm: number, column_mm: number, source: string, plane: string, magnification: number}} Spacing */
/** @typedef {{code: string, message: string}} Flag */
/** @typedef {{name: string, value: number, unit: string, family: string}} Feature */
/** @typedef {{pacs: string, study: string, series: string, instance: string}} Origin */
/**
 * @typedef {object} ImageFacts
 * @property {number} rows
 * @property {number} columns
 * @property {Spacing} spacing
 * @property {string} file_format
 * @property {Record<string, string | number>} reading
 */
/** @typedef {ImageFacts & {flags: Flag[], gray_max: number}} Description */
/** @typedef {{size_px: number, spacing_mm: number, center: Point, padded_share: number, thumbnail_png?: string}} Region */
/**
 * @typedef {object} Numbers
 * @property {number} probability
 * @property {number} cnn_probability
 * @property {number} lesion_probability
 * @property {number} calibrated_probability
 */
/**
 * @typedef {object} PredictionOnly
 * @property {string} id
 * @property {{name: string, version: string, digest: string}} model
 * @property {Point} center
 * @property {ImageFacts} image
 * @property {Region} region
 * @property {{method: string, outcome: string}} segmentation
 * @property {Feature[]} features
 * @property {[number, number][]} contour
 * @property {Flag[]} flags
 * @property {boolean} demonstration_only
 * @property {string[]} notices
 */
/** @typedef {'robustness' | 'explanation' | 'similar' | 'reliability'} Part  What is asked for after the answer. */
/** @typedef {{lowest: number, highest: number, sd: number}} Spread */
/**
 * @typedef {{radius_mm: number, points: number, refused: number, probability: Spread, cnn_probability: Spread,
 *   lesion_probability: Spread, mean_overlap: number, least_overlap: number}} Disc
 */
/** @typedef {{name: string, family: string, benign_percentile?: number, malignant_percentile?: number, contribution: number}} Contribution */
/** @typedef {{sentence: string, decision_value: number, baseline: number, families: Record<string, number>, features: Contribution[]}} Explanation */
/**
 * @typedef {{benign: number, malignant: number, atypical: boolean, agreement: number, base_rate: number,
 *   cases: {outcome: string, distance: number, thumbnail_png?: string}[]}} Similar
 */
/**
 * @typedef {{novelty: Record<string, {distance: number, flagged_from: number, percentile: number}>, difference: number,
 *   difference_range: [number, number], venn_abers: [number, number], conformal_set: string[], conformal_coverage: number}} Reliability
 */
/** @typedef {{robustness?: {discs: Disc[]}, explanation?: Explanation, similar?: Similar, reliability?: Reliability}} Parts */
/** @typedef {Numbers & PredictionOnly & Parts} Prediction */
/** @typedef {Numbers & {id: string, views: Prediction[], demonstration_only: boolean, notices: string[]}} ViewsAnswer */
/** @typedef {Prediction | ViewsAnswer} Answer */
/** @typedef {{name: string, reads_as: string}} FeatureFacts */
/** @typedef {{name: string, version: string, default: boolean, demonstration_only: boolean, features: FeatureFacts[], parts: string[]}} Model */
/** @typedef {{name: string, answers: boolean, stores: boolean}} Pacs */
/**
 * @typedef {object} Study
 * @property {string} study
 * @property {string} date
 * @property {string} time
 * @property {string} patient_name
 * @property {string} patient_id
 * @property {string} birth_date
 * @property {string} description
 */
/** @typedef {{series: string, instance: string, laterality: string, view: string, frames?: number, description: string}} StudyImage */
/** @typedef {{kind: string, state: string, reason: string}} Stored */
/** @typedef {{file: File} | {dicomweb: Origin, study?: Study}} Source  Where an image comes from. */
/** @typedef {{pixel_spacing_mm?: number, frame?: number}} Reading  What the reader had to add to a file. */
/**
 * @typedef {object} Lesion
 * @property {number} number
 * @property {(Mark | null)[]} marks  One a view.
 * @property {Answer | null} answer
 * @property {import('./api.js').Problem | null} problem
 * @property {AbortController | null} asking
 * @property {Map<Part, import('./api.js').Problem | null>} more  Parts that are asked for, or were refused.
 */

export {};
