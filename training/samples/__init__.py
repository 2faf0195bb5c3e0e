"""Labelled pictures: where they lie and what they say. Pictures stay encoded files."""

from training.samples.faults import Fault
from training.samples.readers import (
    READERS,
    Reader,
    read_folder,
    read_source,
    source_folder,
    source_name,
)
from training.samples.sample import (
    SUFFIXES,
    Annotation,
    DatasetError,
    Sample,
    ailment,
    fingerprint,
    in_a_row,
    labels_outside,
    shown,
)
from training.samples.tables import listed_name

__all__ = [
    "READERS",
    "SUFFIXES",
    "Annotation",
    "DatasetError",
    "Fault",
    "Reader",
    "Sample",
    "ailment",
    "fingerprint",
    "in_a_row",
    "labels_outside",
    "listed_name",
    "read_folder",
    "read_source",
    "shown",
    "source_folder",
    "source_name",
]
