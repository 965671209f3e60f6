"""The command line of the app: start the app server and open the page."""

import logging
import os
import re
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from app.web import addresses, proxy_hosts


class _Command(click.Command):
    """A command whose options are given once each, and never without a value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options. Raises UsageError for one that is given twice, or empty."""
        values, _, order = self.make_parser(ctx).parse_args(list(args))
        once = [option for option in order if not option.multiple]
        if len(once) > len(set(once)):
            from app.data import workspace  # late: see ``main``

            workspace.refuse_doubled(self, ctx, args)
        for option in order:
            value = values.get(option.name or "")
            if value == "" or (isinstance(value, list | tuple) and "" in value):
                raise click.UsageError(f"{option.opts[-1]} is empty; give it a value, or leave it out", ctx)
        return super().parse_args(ctx, args)


class _Port(click.ParamType[int]):
    """A port in ASCII digits; Python's numbers would take ``1_8734`` too."""

    name = "integer"

    def convert(self, value: int | str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the port. Raises UsageError."""
        text = str(value)
        if not re.fullmatch(r"0*[1-9][0-9]{0,4}", text) or int(text) > 65_535:
            raise click.UsageError(f"--port is a whole number from 1 to 65,535 (got {text!r})", ctx)
        return int(text)


@click.command(cls=_Command)
@click.option("--host", default=None, help="Address to listen on [default: 127.0.0.1; with --share all of IPv4].")
@click.option("--port", default=8501, show_default=True, type=_Port(), help="Port to listen on.")
@click.option(
    "--workspace", "folder", default=None, metavar="DIR", help="Folder of the database and the runs [default: runs/]."
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--share", is_flag=True, help="Let others look on: print a presenter's and an audience's link.")
@click.option(
    "--token-file", default=None, metavar="PATH",
    help="With --share: keep the presenter's link in this file, so that it outlives a restart; made where absent.",
)  # fmt: skip
@click.option("--base-path", default=None, metavar="PATH", help="Path below which the pages lie, such as /skipscope.")
@click.option(
    "--proxy-host", multiple=True, metavar="NAME", help="Name of a proxy on this machine; may be given several times."
)
@click.option("--launcher", default="local", show_default=True, help="Where runs train: local, or ray for a cluster.")
@click.option("--address", default="", metavar="HOST:PORT", help="Head node of the cluster, for --launcher ray.")
def main(folder: str | None, no_browser: bool, share: bool, token_file: str | None, **where: Any) -> None:
    """Watch plain and residual nets train side by side, in the browser."""
    host, port = where["host"], where["port"]
    _use_place(where["proxy_host"], where["base_path"])
    host = host or (addresses.EVERYWHERE if share and not where["proxy_host"] else addresses.LOOPBACK)
    try:
        addresses.refuse_busy_port(host, port)
    except OSError as error:
        raise click.UsageError(str(error)) from None
    token = _token(token_file, share)
    say_start()
    from app.data import workspace  # after the cheap refusals: it takes long to import

    try:
        workspace.use(folder)
        if where["launcher"] != "local" or where["address"]:
            from app.data import commands

            commands.use_cluster(where["launcher"], where["address"])
        if workspace.current().pool.file() is None:  # a workspace with a database can be viewed on a read-only disk
            workspace.current().workspace.prepare()
    except workspace.SkipscopeError as error:
        raise click.UsageError(str(error)) from None
    # For `st.App`'s pages and the engine.
    os.environ["SKIPSCOPE_WORKSPACE"] = str(workspace.workspace_path())
    # The presenter's link never goes to a browser's command line: every user of this machine reads the process list.
    serve(host, port, share, not (no_browser or share) and has_display(), token)


def say_start() -> None:
    """Tell a person at a terminal that the start takes seconds; a program waits for the address."""
    if sys.stderr.isatty():
        click.echo("Skipscope starts; its address follows in a few seconds.", err=True)


def _use_place(names: tuple[str, ...], base_path: str | None) -> None:
    """Believe the named proxies, and tell Streamlit the base path, as its own option. Raises UsageError."""
    given = ""
    try:
        for given in names:
            proxy_hosts.ProxyHost.named(given)
    except ValueError as error:
        raise click.UsageError(f"--proxy-host {error} (got {given!r})") from None
    proxy_hosts.believe([proxy_hosts.ProxyHost.named(name) for name in names])
    try:
        if base_path is not None:
            from app.web import base_path as own

            path = addresses.base_path(base_path)
            own.refuse_own(path)
            own.use(path)
    except ValueError as error:
        raise click.UsageError(f"--base-path {error} (got {base_path!r})") from None


def _token(file: str | None, share: bool) -> str | None:
    """Return the token of ``--token-file``, None without one. Raises UsageError."""
    from app.web import token_file

    if file is None:
        return None
    if not share:
        raise click.UsageError("--token-file keeps the link of a shared page; give --share too")
    try:
        return token_file.token_of(Path(file))
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def serve(host: str, port: int, share: bool, browser: bool, token: str | None = None) -> None:
    """Run the server until a signal stops it. A shared one makes a token for its presenter where it gets none."""
    from app.data import commands, workspace

    # The engine loads torch on another core while the web framework is loaded here.
    commands.start_up_in_background()
    import streamlit as st

    from app import server
    from app.data.exchange import imports
    from app.web import base_path, connections, descriptors, presenter_link, visitor

    descriptors.raise_limit()
    connections.install()

    logging.getLogger("uvicorn.error").addFilter(lambda record: record.levelno >= logging.WARNING)
    present = presenter_link.share(port, token or "") if share else ""
    if share:
        presenter_link.number_with(commands.new_presenter, str(workspace.workspace_path()))
        visitor.keep(workspace.current().workspace.talk_key)

    def started() -> None:
        click.echo("\n".join(shared_words(host, port, present, kept=token is not None) if share else words(host, port)))
        if browser:
            threading.Timer(0.3, webbrowser.open, [own_url(host, port)]).start()

    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.allowedHosts": addresses.allowed_hosts(host),
        "server.maxUploadSize": imports.MAX_SENT_BYTES // 2**20,
        "logger.hideWelcomeMessage": True,
        **base_path.options(),
        **(SHARED if share else {}),
    }
    try:
        st.App(server.MAIN, **server.serving(started, engine_starts=True)).run(config=options)
    except KeyboardInterrupt:
        sys.exit(0)


#: Settings of a shared page, whatever a person's own ones are. A watched file would load its module anew.
SHARED = {
    "server.enableCORS": True,
    "server.corsAllowedOrigins": [],
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "server.fileWatcherType": "none",
    "client.showErrorDetails": "none",
    # Errors of a page's script by way of logging, which bounds what an audience can write there (log_limit.py).
    "logger.enableRich": False,
    "client.toolbarMode": "minimal",
    "browser.gatherUsageStats": False,
    "global.developmentMode": False,
    # Of a room's pages all is looked through after each small drawing of one of them: Python does so when it is due.
    "runner.postScriptGC": False,
}


def words(host: str, port: int) -> list[str]:
    """Return the lines of a start."""
    proxied = [f"{each.url}{_first_page()}" for each in proxy_hosts.hosts()]
    first = proxied[0] if proxied else own_url(host, port)
    lines = [f"Skipscope is at {first} (Ctrl-C stops the page, not the runs)", *_proxy_words(host, port)]
    if only_views := _only_views():
        lines.append(only_views)
    if proxied or not addresses.is_loopback(host):
        lines.append("Whoever reaches this address can start and delete runs; with --share others only look on")
    return lines


def shared_words(host: str, port: int, present: str, kept: bool = False) -> list[str]:
    """Return the lines of a start with --share: two links, other addresses of this machine, the limits of HTTP."""
    first, *others = (f"{url}{_first_page()}" for url in addresses.shared_urls(host, port))
    lines = [
        "Skipscope is shared (Ctrl-C stops the page, not the runs)",
        f"  presenter: {first.rstrip('/')}{present}",
        f"  audience:  {first}",
    ]
    lines += _proxy_words(host, port)
    if others:
        lines.append(f"If these do not open elsewhere, try another address of this machine: {', '.join(others)}")
    if is_own := addresses.is_loopback(urlsplit(first).hostname or ""):
        lines.append("This address is this machine's own: others open it through an SSH tunnel or a proxy")
    if only_views := _only_views():
        lines.append(only_views)
    return [
        *lines,
        room_words(),
        "The presenter's link can command: keep it off the projector. "
        f"The next start has {'the same' if kept else 'another'} one.",
        *([PLAIN] if urlsplit(first).scheme == "http" and not is_own else []),
    ]


PLAIN = (
    "Plain HTTP: anyone in this network can look on, and who listens in can read the presenter's link. "
    "On a network that you do not trust, use a proxy with TLS or an SSH tunnel instead."
)


def own_url(host: str, port: int) -> str:
    """Return the page's address for a browser on this machine, with the base path."""
    return f"{addresses.page_url(host, port)}{_first_page()}"


def _first_page() -> str:
    from app.web.base_path import first_page  # with Streamlit

    return first_page()


def _proxy_words(host: str, port: int) -> list[str]:
    """Return a line on where a proxy finds this server."""
    if not proxy_hosts.hosts():
        return []
    reached, path = addresses.LOOPBACK if host in addresses.WILDCARDS else host, _first_page()
    where = f"http://{addresses.in_url(reached)}:{port}{path}"
    return [f"The proxy has to pass requests on to {where}{', with their path' if path else ''}"]


def room_words() -> str:
    """Return how many viewers there is room for, and what would make more."""
    from app.web import descriptors

    viewers, limit = descriptors.viewers(), descriptors.open_limit()
    room = f"There is room for {viewers} viewer{'s' * (viewers != 1)}"
    if viewers == descriptors.MAX_VIEWERS:
        return room
    return (
        f"{room}: this system lets a process open {limit:,} files, and "
        f"{descriptors.MAX_VIEWERS} take {descriptors.needed():,} (ulimit -Hn)"
    )


def _only_views() -> str:
    """Return a line where this installation trains nothing, '' where it can."""
    from app.data import workspace

    words = workspace.view_only()
    return f"{words[0].upper()}{words[1:]}" if words else ""


def has_display() -> bool:
    """Return whether this machine can show a browser window."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run() -> int:
    """Run the command and return its exit code; stderr gets one line of a refusal."""
    try:
        code = main.main(prog_name="python -m app", standalone_mode=False)
    except click.UsageError as error:
        from app.data import workspace  # it imports the web framework: only where it is needed

        click.echo(workspace.one_line(error.format_message().rstrip(".")), err=True)
        return 2
    except click.Abort:
        return 130
    return code if isinstance(code, int) else 0
