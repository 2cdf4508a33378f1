"""The science of mammographic lesion diagnosis: reading, ROI, features, classifiers, bundles. No HTTP, no CLI."""
