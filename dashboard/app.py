"""The dashboard as an application: `create_app` builds it, `serve` answers on this machine."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dash import Dash, Input, Output, State
from flask import Response, abort, request
from waitress import serve as wait

from dashboard import ids, pages, theme
from dashboard.frame import shell
from dashboard.jobs import Jobs
from dashboard.source import Source

REFUSED = (
    "Reallot does not listen on {host}: sign-in is not configured, and anyone who reaches that address could read "
    "and change plans. Use 127.0.0.1."
)


def create_app(source: Path | str, *, database: str = "") -> Any:
    """The dashboard of a study folder, or of a folder of results.

    Args:
        source: a study (its results lie in `results`), or a folder that holds a results folder a scenario.
        database: where jobs are kept, as an SQLAlchemy URL; an SQLite file beside the results when blank.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    place = Source.of(Path(source))
    jobs = Jobs(database or place.results / "jobs.sqlite")
    app = Dash(
        __name__,
        title="Reallot",
        update_title=None,
        suppress_callback_exceptions=True,
        assets_folder=str(Path(__file__).parent / "assets"),
    )
    style = f'<style>{theme.css_variables()}</style>{{%css%}}<link rel="icon" href="data:,">'
    index = app.index_string.replace("<html>", '<html lang="en">').replace("{%css%}", style).replace("{%favicon%}", "")
    app.index_string = index
    app.layout = lambda: shell(place)
    app.server.before_request(_refuse_other_names)
    _controls(app)
    _pages(app, place, jobs)
    _files(app, place)
    pages.register(app, place, jobs)
    return app


def serve(source: Path | str, host: str = "127.0.0.1", port: int = 8050, *, database: str = "") -> None:
    """Answers on this machine until stopped.

    Raises:
        ValueError: the host is another machine's way in.
    """
    refuse_foreign(host)
    wait(create_app(source, database=database).server, host=host, port=port, threads=8, ident="reallot")


def refuse_foreign(host: str) -> None:
    """Raises `ValueError` for any host but the loopback."""
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(REFUSED.format(host=host or "every address"))


def _refuse_other_names() -> None:
    """A page of another site that has its name point to this machine could otherwise read and change plans."""
    if urlsplit(f"//{request.host}").hostname not in ("127.0.0.1", "localhost", "::1"):
        abort(421, "Reallot answers under 127.0.0.1 alone.")


def _controls(app: Any) -> None:
    """Keeps scenarios, theme and address in step, in the browser alone."""
    app.clientside_callback(
        "function(...values) { return window.reallot.controls(...values); }",
        Output(ids.URL, "search"),
        Output(ids.SHOWING, "value"),
        Output(ids.AGAINST, "value"),
        Output(ids.DARK, "checked"),
        Output(ids.LOOK, "data"),
        Output(ids.MANTINE, "forceColorScheme"),
        Input(ids.URL, "search"),
        Input(ids.SHOWING, "value"),
        Input(ids.AGAINST, "value"),
        Input(ids.DARK, "checked"),
        Input(ids.NARROW, "data"),
        State(ids.KNOWN, "data"),
        State(ids.LOOK, "data"),
    )
    app.clientside_callback(
        "function(rail, path) { return window.reallot.arrived(path); }",
        Output(ids.TITLE, "children"),
        Input(ids.RAIL, "children"),
        State(ids.URL, "pathname"),
        prevent_initial_call=True,
    )


def _pages(app: Any, source: Source, jobs: Jobs) -> None:
    def show(look: dict[str, Any], search: str, path: str) -> tuple[Any, Any, Any]:
        return pages.render(source, jobs, path, search, look)

    app.callback(
        Output(ids.MAIN, "children"),
        Output(ids.RAIL, "children"),
        Output(ids.DIFFERS, "children"),
        Input(ids.LOOK, "data"),
        Input(ids.URL, "search"),
        Input(ids.URL, "pathname"),
        prevent_initial_call=True,
    )(show)


def _files(app: Any, source: Source) -> None:
    def csv(page: str, key: str) -> Response:
        text = pages.csv(source, page, key, request.args.to_dict())
        if text is None:
            abort(404)
        name = f"{request.args.get('showing', source.shown_first)}_{key}.csv"
        return Response(
            text,
            200,
            {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": f'attachment; filename="{name}"'},
        )

    app.server.add_url_rule("/csv/<page>/<key>", "csv", csv)
