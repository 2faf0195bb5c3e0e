"""The verbs of a solver, answered by ``solver serve`` somewhere else; needs the extra ``client``.

The same calls, results and errors as of :class:`solver.Solver`. What the server refuses for want
of room (429, 503) is asked again after the pause that it names; nothing else is.
:func:`mock_transport` stands in for a server in a test of one's own.
"""

from __future__ import annotations

from solver._client_async import AsyncRemoteSolver
from solver._client_sync import RemoteSolver
from solver._http import mock_transport

__all__ = ["AsyncRemoteSolver", "RemoteSolver", "mock_transport"]
