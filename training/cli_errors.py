"""What the commands of ``solver-train`` say of an error: one sentence, and what to do."""

from __future__ import annotations

import errno
import sys
from collections.abc import Mapping

from solver.errors import SolverError

# The errors of this package derive from these; each carries the sentence to show.
_SPOKEN = (SolverError, ValueError, OSError, RuntimeError, ImportError)
# What the extra `training` brings that the commands import where they need it.
_TRAINING = frozenset(
    {"h5py", "keras", "keras_cv", "onnx", "rapidfuzz", "scipy", "tensorflow", "tf2onnx", "tqdm"}
)
_NO_KERAS = (3, 14)  # from this Python on the extra is without Keras and TensorFlow
_ROOM = "make room on the disk, or name a place on another; what was there before is as it was"
_RIGHTS = "name a place that you may read and write, or change its rights"
_SYSTEM: Mapping[int, str] = {
    errno.ENOSPC: f"no space left on device; {_ROOM}",
    errno.EDQUOT: f"the quota is used up; {_ROOM}",
    errno.EFBIG: f"the file would be too large for this disk or account; {_ROOM}",
    errno.EACCES: f"not allowed; {_RIGHTS}",
    errno.EPERM: f"not allowed; {_RIGHTS}",
    errno.EROFS: f"the disk cannot be written to; {_RIGHTS}",
    errno.ENOENT: "no such file or folder; look at the name, and where you are",
    errno.ENOTDIR: "a part of this path is a file, not a folder; name another place",
    errno.EEXIST: "a file of that name is in the way; name another place",
    errno.EISDIR: "is a folder; name a file",
    errno.ENAMETOOLONG: "the name is too long; name a shorter one",
}


def sentence(error: BaseException) -> str | None:
    """The sentence for a user, or None where the error is a fault of ours: it wants a traceback."""
    what = _SYSTEM.get(error.errno or 0) if isinstance(error, OSError) else None
    if isinstance(error, OSError) and what:
        return f"{error.filename}: {what}" if error.filename else what
    if isinstance(error, ModuleNotFoundError) and error.name in _TRAINING:
        return _without(error.name)
    if isinstance(error, _SPOKEN):
        said = " ".join(str(error).split()) or type(error).__name__
        return _with_advice(said, error.__cause__)
    if type(error).__module__.startswith("tensorflow."):  # its own tree, in C++'s words
        return " ".join(str(getattr(error, "message", error)).split())
    return None


def _without(package: str) -> str:
    advice = 'install it with: pip install "solver-sdk[training]"'
    if sys.version_info >= _NO_KERAS:
        advice += f" under a Python before {_NO_KERAS[0]}.{_NO_KERAS[1]}, as TensorFlow asks for"
    return f"{package} is not installed; {advice}"


def _with_advice(said: str, cause: BaseException | None) -> str:
    """The sentence, where it ends in the system's words, with what to do in place of them."""
    words = cause.strerror if isinstance(cause, OSError) else None
    advice = _SYSTEM.get(cause.errno or 0) if isinstance(cause, OSError) else None
    return said.removesuffix(words) + advice if words and advice and said.endswith(words) else said
