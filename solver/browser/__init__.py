"""Captchas on a page: the element is photographed, answered, and the answer given to the page.

:mod:`solver.browser.playwright` is for Playwright's pages and frames, blocking and asyncio;
:mod:`solver.browser.selenium` for Selenium's drivers. Each has ``text``, ``tiles``, ``click`` and
``slide``. Neither imports its browser package: whoever has a page to pass has it already.

The picture's address is never asked for again, because for most sites that makes a new challenge.
Pointer and keys do what is needed and no more: presses, and drags in plain steps.
"""
