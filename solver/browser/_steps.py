"""One recipe for blocking and for asyncio browsers.

A recipe is a generator that yields what each call of the browser gave: a value from a blocking
browser, an awaitable from an asyncio one. Whoever runs it sends the value, or what was awaited,
back in. So nothing of what is done on a page is written twice.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from typing import Any, TypeAlias, TypeVar

_T = TypeVar("_T")
Steps: TypeAlias = Generator[Any, Any, _T]

_BLOCKING = (
    "expected a blocking page and solver, received an awaitable: "
    "an asyncio page or solver needs the verb that ends in _async"
)


def run(steps: Steps[_T]) -> _T:
    """Run a recipe whose calls have given values already.

    Raises:
        TypeError: the page or the solver is one of asyncio's.
    """
    try:
        value = next(steps)
        while True:
            if inspect.isawaitable(value):
                if inspect.iscoroutine(value):
                    value.close()
                value = steps.throw(TypeError(_BLOCKING))
            else:
                value = steps.send(value)
    except StopIteration as stop:
        result: _T = stop.value
        return result


async def run_async(steps: Steps[_T]) -> _T:
    """Run a recipe whose calls give awaitables, or values.

    What an awaitable raises is raised inside the recipe, where it waited, so that a recipe that
    is cancelled still puts the page back as it was.
    """
    try:
        pending = next(steps)
        while True:
            try:
                value = await pending if inspect.isawaitable(pending) else pending
            except BaseException as error:  # cancellation too: the recipe's `finally` has its turn
                pending = steps.throw(error)
            else:
                pending = steps.send(value)
    except StopIteration as stop:
        result: _T = stop.value
        return result
