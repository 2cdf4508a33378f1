"""From public data sets, as they are distributed, to a manifest. Images are referenced in place, never copied.

One module a data set; each has one ``import_...`` function that gives `training.importers.records.Imported`.
"""
