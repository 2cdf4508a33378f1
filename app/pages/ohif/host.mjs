// The viewer around the module. Everything is looked up at run time in what OHIF hands over; nothing is imported.

/** @typedef {{services: any, extensionManager: any, cornerstone: any, tools: any, config: Config}} Host what OHIF gives */

/**
 * `cadx` in app-config.js. Every member may be left out.
 * @typedef {object} Config
 * @property {string} service prefix of the service's URLs; by default where this module was loaded from
 * @property {string | Record<string, string>} [pacs] what the service calls the archive: one name, or one for each of OHIF's data sources
 * @property {string} [model] name of the model to ask; by default the service's own
 * @property {string[]} store what "Save to PACS" stores
 * @property {string[]} toolGroups OHIF's tool groups that get the tool
 * @property {boolean} openPanel whether an answer opens the panel
 * @property {boolean | 'auto'} repairVoiLutFunction see voi.mjs
 */

/**
 * The image that a mark lies on; `frame`, from 1, only of a file with several.
 * @typedef {{imageId: string, study: string, series: string, instance: string, frame?: number, laterality: string, view: string}} Image
 */

/** @param {any} value @returns {Config} */
export function readConfig(value) {
  const given = value ?? {};
  const beside = new URL('..', import.meta.url).href;
  return {
    store: ['sr', 'seg'],
    toolGroups: ['default'],
    openPanel: true,
    repairVoiLutFunction: 'auto',
    ...given,
    service: (given.service ?? beside).replace(/\/+$/, ''),
  };
}

/** @param {any} parameters of `preRegistration` @returns {Host} */
export function readHost({ servicesManager, extensionManager, appConfig, configuration }) {
  const common = extensionManager.getModuleEntry('@ohif/extension-cornerstone.utilityModule.common');
  const { cornerstone, cornerstoneTools } = common.exports.getCornerstoneLibraries();
  const config = readConfig({ ...appConfig?.cadx, ...configuration });
  return { services: servicesManager.services, extensionManager, cornerstone, tools: cornerstoneTools, config };
}

/** @param {Host} host @returns {any[]} */
export const viewportsOf = host => host.services.cornerstoneViewportService.getRenderingEngine()?.getViewports() ?? [];

/** A viewport that shows the image now, if any does. @param {Host} host @param {string} imageId */
export const viewportOf = (host, imageId) => viewportsOf(host).find(one => one.getCurrentImageId?.() === imageId);

/** Draw the annotations again. @param {Host} host */
export function redraw(host) {
  host.tools.utilities.triggerAnnotationRenderForViewportIds(viewportsOf(host).map(({ id }) => id));
}

/** @param {Host} host @param {string} imageId @returns {Image} */
export function imageOf(host, imageId) {
  const found = host.cornerstone.metaData.get('instance', imageId);
  const several = Number(found.NumberOfFrames ?? 1) > 1;
  return {
    imageId,
    study: found.StudyInstanceUID,
    series: found.SeriesInstanceUID,
    instance: found.SOPInstanceUID,
    frame: several ? frameOf(host, imageId) : undefined,
    laterality: found.ImageLaterality ?? found.FrameLaterality ?? found.Laterality ?? '',
    view: found.ViewPosition ?? '',
  };
}

/** @param {Host} host @param {string} imageId */
function frameOf(host, imageId) {
  const told = /\/frames\/(\d+)/.exec(imageId)?.[1] ?? host.cornerstone.metaData.get('frameNumber', imageId);
  return Number(told ?? 1);
}

/** The viewer's own name of the archive that it shows now. @param {Host} host @returns {string} */
export function dataSourceName({ extensionManager }) {
  const active = extensionManager.getActiveDataSource();
  const map = extensionManager.dataSourceMap ?? {};
  return Object.keys(map).find(name => map[name] === active) ?? '';
}

/** What the service calls the archive that the viewer shows; '' where the configuration does not say. @param {Host} host */
export function pacsName(host) {
  const { pacs } = host.config;
  return (typeof pacs === 'string' ? pacs : pacs?.[dataSourceName(host)]) ?? '';
}

/** The viewer's own login to its archive. @param {Host} host @returns {Record<string, string>} */
export const viewerLogin = host => host.services.userAuthenticationService?.getAuthorizationHeader?.() ?? {};
