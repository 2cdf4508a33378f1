// Every text that a reader sees.

export const VERSION = '0.2.0'; // of the package that this module is part of; a test compares them

export const TOOL_LABEL = 'CADx: click the center of a lesion';
export const PANEL_LABEL = 'CADx';
export const RESEARCH = 'Research use only. Not a medical device.';
export const EMPTY = 'Choose the CADx tool and click the center of a lesion. Drag the mark to ask again.';
export const ASKING = 'Asking the service ...';
export const MOVED = 'Asked again when the mark rests.';
export const PROBABILITY = 'Probability of malignancy';
export const VIEWS_HINT = 'Tick the same lesion on its other views (CC, MLO) to average them.';
export const VIEWS_OF_ONE = 'view of one lesion';
export const NOT_TWICE = 'Tick one mark an image: an average is over different views.';
export const ONE_SIDE = 'Tick views of one breast in one study.';
export const KEEP = 'Keep outline as ROI';
export const KEPT = 'Kept as a freehand ROI.';
export const ASK_OUTLINE = 'Ask with my outline';
export const READERS_OUTLINE = 'Outline drawn by the reader';
export const REMOVE = 'Remove';
export const SAVE = 'Save to PACS';
export const SAVE_YES = 'Save';
export const SAVE_NO = 'Cancel';
export const SAVING = 'Saving ...';
export const SHOW_FIRST = 'Show the image of this mark first.';
export const UNREACHABLE = 'The CADx service cannot be reached.';
export const NO_ARCHIVE_FILE = 'The archive did not send the image';
export const SENT_AS_FILE = 'sent as a file';
export const FETCHED_BY_SERVICE = 'fetched by the service';
export const FEATURES = 'Features of the lesion';

/** @param {number} share 0 to 1 */
export const percent = share => `${(100 * share).toFixed(1)} %`;

/** @param {import('./service.mjs').Prediction} answer */
export const branches = answer =>
  `CNN ${percent(answer.cnn_probability)}, lesion features ${percent(answer.lesion_probability)}, ` +
  `calibrated ${percent(answer.calibrated_probability)}`;

/** @param {import('./service.mjs').Prediction} answer */
export const model = answer =>
  `Model ${answer.model.name} ${answer.model.version}; outline: ${answer.segmentation.outcome.replaceAll('_', ' ')}`;

/** @param {number} x @param {number} y */
export const place = (x, y) => `x ${x.toFixed(1)}, y ${y.toFixed(1)}`;

/** @param {number} mm */
export const askDiameter = mm => `Ask with my length as its diameter (${mm} mm)`;

/** @param {number} mm */
export const readersDiameter = mm => `Diameter by the reader: ${mm} mm`;

/** @param {number} count */
export const meanOf = count => `Mean of ${count} views`;

/** @param {string[]} kinds @param {string} where */
export const saveWhat = (kinds, where) => `Store ${kinds.join(' and ').toUpperCase()} in ${where || 'the archive'}?`;

/** @param {{kind: string, state: string, reason?: string}} stored */
export const savedAs = stored =>
  `${stored.kind.toUpperCase()}: ${stored.state.replaceAll('_', ' ')}${stored.reason ? ` (${stored.reason})` : ''}`;
