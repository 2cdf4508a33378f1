window.config = {
  name: 'mammo-cadx',
  routerBasename: '/',
  // The service serves the module below the prefix that nginx gives it.
  extensions: ['/cadx/ohif/cadx-ohif.mjs'],
  modes: [],
  // What the service calls this viewer's archive (GET /v1/pacs).
  cadx: { pacs: { archive: 'demo' } },
  showStudyList: true,
  maxNumberOfWebWorkers: 3,
  showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: true,
  strictZSpacingForVolumeViewport: true,
  customizationService: {},
  // OHIF calls it without looking whether it is there.
  httpErrorHandler: error => console.warn(error),
  defaultDataSourceName: 'archive',
  dataSources: [
    {
      namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
      sourceName: 'archive',
      configuration: {
        friendlyName: 'Archive',
        name: 'archive',
        qidoRoot: '/dicom-web',
        wadoRoot: '/dicom-web',
        wadoUriRoot: '/dicom-web',
        qidoSupportsIncludeField: true,
        imageRendering: 'wadors',
        thumbnailRendering: 'wadors',
        enableStudyLazyLoad: true,
        supportsFuzzyMatching: false,
        supportsWildcard: true,
        omitQuotationForMultipartRequest: true,
        bulkDataURI: { enabled: true, relativeResolution: 'studies' },
      },
    },
  ],
};
