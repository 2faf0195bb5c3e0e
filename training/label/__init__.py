"""A local page on which a person labels pictures, the model's guess at hand."""

from training.label.server import LabelServer, serve
from training.label.session import Session
from training.label.store import LabelError, Store

__all__ = ["LabelError", "LabelServer", "Session", "Store", "serve"]
