// CADx inside OHIF, without rebuilding it: `extensions: ['/cadx/ohif/cadx-ohif.mjs']` in app-config.js (docs/ohif.md).
// Research use only; not a medical device. Everything is set up when a mode is entered and taken away when it is left.

import { askEarly } from './early.mjs';
import { readHost } from './host.mjs';
import { LENGTH_TOOL } from './length.mjs';
import { Marks } from './marks.mjs';
import { ROI_TOOL } from './outline.mjs';
import { Panel, emptyDiv } from './panel.mjs';
import { Service } from './service.mjs';
import { PANEL_LABEL, TOOL_LABEL, VERSION } from './texts.mjs';
import { TOOL, makeTool } from './tool.mjs';
import { repairVoiLutFunction } from './voi.mjs';

const ID = '@mammo-cadx/ohif-extension';
const PANEL = `${ID}.panelModule.cadx`;

/** @type {import('./host.mjs').Host} */
let host;
/** @type {Visit | undefined} */
let visit;

/** One visit of a mode: what was set up, and how it is taken away. */
class Visit {
  constructor() {
    this.service = new Service(host);
    this.marks = new Marks(host, this.service, () => this.#changed());
    this.panel = new Panel(host, this.marks, this.service);
    this.answered = 0;
    /** @type {(() => void)[]} */
    this.undo = [repairVoiLutFunction(host), this.#addTool(), this.#listen(), this.#silenceMapping(), askEarly(host, this.marks)];
  }

  #addTool() {
    const tool = makeTool(host, () => visit?.marks);
    host.tools.addTool(tool);
    return () => host.tools.removeTool?.(tool);
  }

  #listen() {
    const { eventTarget } = host.cornerstone;
    const { ANNOTATION_COMPLETED, ANNOTATION_MODIFIED, ANNOTATION_REMOVED } = host.tools.Enums.Events;
    /** @type {Record<string, (annotation: any) => unknown>} */
    const acts = {
      [ANNOTATION_COMPLETED]: annotation => (isMark(annotation) ? this.marks.add(annotation) : this.panel.draw()),
      [ANNOTATION_MODIFIED]: annotation => {
        if (isMark(annotation)) this.marks.moved(annotation);
        else if (annotation.metadata.toolName === ROI_TOOL) this.panel.roiEdited(annotation.annotationUID);
        else if (annotation.metadata.toolName === LENGTH_TOOL) this.panel.draw();
      },
      [ANNOTATION_REMOVED]: annotation => this.marks.removed(annotation.annotationUID),
    };
    const listener = (/** @type {any} */ event) => acts[event.type](event.detail.annotation);
    for (const name of Object.keys(acts)) eventTarget.addEventListener(name, listener);
    return () => Object.keys(acts).forEach(name => eventTarget.removeEventListener(name, listener));
  }

  /** OHIF's list of measurements cannot write these marks into its own reports, so that it is told of none. */
  #silenceMapping() {
    const { measurementService } = host.services;
    const source = measurementService.getSource('Cornerstone3DTools', '0.1');
    measurementService.addMapping(source, TOOL, [], () => undefined, () => undefined);
    return () => {
      const all = /** @type {any[]} */ (measurementService.mappings[source.uid]);
      measurementService.mappings[source.uid] = all.filter(one => one.annotationType !== TOOL);
    };
  }

  /** Tool, button and panel, after the mode has put in its own. */
  install() {
    const { toolbarService, toolGroupService, panelService } = host.services;
    const toolGroupIds = host.config.toolGroups;
    for (const id of toolGroupIds) {
      const group = toolGroupService.getToolGroup(id);
      if (group && !group.hasTool(TOOL)) toolGroupService.addToolsToToolGroup(id, { passive: [{ toolName: TOOL }] });
    }
    const commands = { commandName: 'setToolActiveToolbar', commandOptions: { toolName: TOOL, toolGroupIds } };
    const props = { icon: 'tool-probe', label: TOOL_LABEL, tooltip: TOOL_LABEL, commands, evaluate: 'evaluate.cornerstoneTool' };
    toolbarService.register([{ id: TOOL, uiType: 'ohif.toolButton', props }]);
    const primary = toolbarService.state?.buttonSections?.primary ?? [];
    if (!primary.includes(TOOL)) toolbarService.updateSection('primary', [...primary, TOOL]);
    const { Right } = panelService.PanelPosition;
    const panels = /** @type {any[]} */ (panelService.getPanels(Right));
    if (!panels.some(({ id }) => id === PANEL)) panelService.addPanel(Right, PANEL);
    this.undo.push(() => {
      delete toolbarService.state?.buttons?.[TOOL];
      const section = toolbarService.state?.buttonSections?.primary;
      if (section?.includes(TOOL)) section.splice(section.indexOf(TOOL), 1);
    });
  }

  #changed() {
    const answered = [...this.marks.all.values()].filter(({ state }) => state === 'done' || state === 'failed').length;
    if (answered > this.answered && host.config.openPanel) host.services.panelService.activatePanel(PANEL, true);
    this.answered = answered;
    this.panel.draw();
  }

  close() {
    this.marks.close();
    for (const undo of this.undo.reverse()) undo();
  }
}

/** @param {any} annotation */
const isMark = annotation => annotation.metadata.toolName === TOOL;

export default {
  id: ID,
  version: VERSION,

  /** @param {any} parameters */
  preRegistration(parameters) {
    host = readHost(parameters);
  },

  onModeEnter() {
    visit?.close();
    const entered = new Visit();
    visit = entered;
    // The mode's own onModeEnter, in the same tick, fills tool groups, tool bar and panels first.
    Promise.resolve().then(() => visit === entered && entered.install());
  },

  onModeExit() {
    visit?.close();
    visit = undefined;
  },

  getPanelModule: () => [
    {
      name: 'cadx',
      iconName: 'tool-probe',
      iconLabel: PANEL_LABEL,
      label: PANEL_LABEL,
      component: () => emptyDiv(host, node => visit?.panel.mount(node)),
    },
  ],
};
