"""The pages: forecasts, plans and assumptions of a study in a browser, on this machine alone."""

from dashboard.app import create_app, serve

__all__ = ["create_app", "serve"]
