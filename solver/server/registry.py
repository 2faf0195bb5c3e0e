"""The server's models by name, opened and checked before the first request.

A request that names no model gets the one that was given for its role, or the embedded one. Where
two were given for one role, a request has to name one: nothing is guessed.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from solver import pretrained
from solver.api import Solver, open_model
from solver.model import Model
from solver.server.answers import AbsentModelError
from solver.server.memory import trim


class Registry:
    """Solvers by the names of their models; ``models`` maps a name to a file or embedded model.

    Raises:
        ModelError: a file is missing or damaged, or a name stands for two models.
        SpecError: a file's contract does not fit.
    """

    def __init__(
        self, models: Mapping[str, str] | None = None, *, threads: int = 1, tta: bool = True
    ) -> None:
        self._threads, self._tta = threads, tta
        self._lock = threading.Lock()
        given = {
            name: open_model(source, threads=threads) for name, source in (models or {}).items()
        }
        self._sources = dict(models or {})
        self._roles = {name: model.spec.role for name, model in given.items()}
        counts = Counter(self._roles.values())
        self._doubled = {role for role, count in counts.items() if count > 1}
        alone = [name for name, role in self._roles.items() if role not in self._doubled]
        self._default = Solver(*(self._sources[name] for name in alone), threads=threads, tta=tta)
        self._solvers = dict.fromkeys(alone, self._default)
        for item in pretrained.available().values():
            for role in item.default_for:
                if role not in self._roles.values():
                    self._solvers.setdefault(item.name, self._default)
        for name, role in self._roles.items():
            if role in self._doubled:
                self._solvers[name] = Solver(self._sources[name], threads=threads, tta=tta)
        self._check()

    def _check(self) -> None:
        """Start the session of every model that was given: one that does not start fails here.

        Embedded ones are held against their checksums, and start when they are first asked.
        """
        for name, model in self.ready().items():
            if name in self._sources:
                _ = model.providers
        trim()

    def ready(self) -> dict[str, Model]:
        """Name → network, of those that were given and the embedded ones beside them."""
        found: dict[str, Model] = {}
        default = dict(self._default.models)
        for role, model in default.items():
            if role not in self._doubled:
                found[self._name_of(role, model)] = model
        for name, role in self._roles.items():
            if role in self._doubled:
                found[name] = self._solvers[name].models[role]
        return found

    def _name_of(self, role: str, model: Model) -> str:
        return next((name for name, its in self._roles.items() if its == role), model.source)

    def solver_for(self, name: str | None, roles: tuple[str, ...]) -> Solver:
        """The solver that answers with the model of this name, or with the usual ones.

        Raises:
            AbsentModelError: there is no such model, it is for other verbs, none is there for a
                role, or one has to be named.
        """
        role = None if name is None else self._role_of(name)
        if role is not None and role not in roles:
            wanted = " or ".join(map(repr, roles))
            raise AbsentModelError(
                f"the model {name!r} is for the role {role!r}; "
                + (f"expected one for {wanted}" if roles else "this needs no model: name none")
            )
        for other in roles:
            if other != role:
                self._check_role(other)
        if name is None:
            return self._default
        with self._lock:
            if name not in self._solvers:  # an embedded one that a given one stands before
                self._solvers[name] = Solver(name, threads=self._threads, tta=self._tta)
            return self._solvers[name]

    def _check_role(self, role: str) -> None:
        """Raise AbsentModelError unless one model, and only one, answers for a role unnamed."""
        if role in self._doubled:
            names = ", ".join(name for name, its in self._roles.items() if its == role)
            raise AbsentModelError(f"several models for the role {role!r}: name one of {names}")
        if role not in self.roles():
            raise AbsentModelError(f"no model for the role {role!r} here: give one to solver serve")

    def _role_of(self, name: str) -> str:
        if name in self._roles:
            return self._roles[name]
        embedded = pretrained.available().get(name)
        if embedded is None:
            known = sorted({*self._roles, *pretrained.available()})
            raise AbsentModelError(
                f"no model {name!r} here; there are: {', '.join(known) or 'none'}"
            )
        return embedded.role

    def roles(self) -> frozenset[str]:
        """The roles that a model stands ready for."""
        return frozenset({*self._roles.values(), *self._default.models})

    def describe(self) -> list[dict[str, Any]]:
        """Every model: its name, role, whether it answers unnamed, and its classes, if few."""
        rows = []
        for name, model in sorted(self.ready().items()):
            decoder = model.spec.decoder
            rows.append(
                {
                    "name": name,
                    "role": model.spec.role,
                    "given": name in self._roles,
                    "default": model.spec.role not in self._doubled,
                    "symbols": len(decoder.symbols),
                    "labels": list(decoder.labels[:200]),
                }
            )
        for item in pretrained.available().values():
            if item.role in self._roles.values() and item.name not in self._roles:
                rows.append(
                    {
                        "name": item.name,
                        "role": item.role,
                        "given": False,
                        "default": False,
                        "symbols": 0,
                        "labels": [],
                    }
                )
        return rows
