"""The verbs over HTTP: one FastAPI application, its queue, and one page.

``solver serve`` runs it; :func:`solver.server.app.create_app` is the application itself, for a
server of one's own. Needs the extra ``serve``.
"""
