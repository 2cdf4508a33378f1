"""OHIF's app-config.js for a viewer that reaches PACS and service at its own origin."""

import json
from typing import Any

SOURCE = "archive"


def ohif_configuration(cadx: dict[str, Any]) -> str:
    """Write it.

    Parameters
    ----------
    cadx
        Settings of the module (docs/ohif.md).
    """
    source = {
        "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
        "sourceName": SOURCE,
        "configuration": {
            "friendlyName": "Archive",
            "name": SOURCE,
            "qidoRoot": "/dicom-web",
            "wadoRoot": "/dicom-web",
            "wadoUriRoot": "/dicom-web",
            "qidoSupportsIncludeField": True,
            "imageRendering": "wadors",
            "thumbnailRendering": "wadors",
            "enableStudyLazyLoad": True,
            "supportsFuzzyMatching": False,
            "supportsWildcard": True,
            "omitQuotationForMultipartRequest": True,
            "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
        },
    }
    settings = {
        "name": "mammo-cadx",
        "routerBasename": "/",
        "extensions": ["/cadx/ohif/cadx-ohif.mjs"],
        "modes": [],
        "cadx": cadx,
        "showStudyList": True,
        "maxNumberOfWebWorkers": 2,
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": False,
        "strictZSpacingForVolumeViewport": True,
        "customizationService": {},
        "defaultDataSourceName": SOURCE,
        "dataSources": [source],
    }
    # OHIF calls httpErrorHandler without looking whether there is one.
    return f"window.config = {json.dumps(settings, indent=2)};\nwindow.config.httpErrorHandler = console.warn;\n"
