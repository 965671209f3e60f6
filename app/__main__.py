"""``python -m app``: start the app server and open the page."""

import logging
import os
import socket
import sys
import threading
import webbrowser
from ipaddress import ip_address

import click

#: Ports tried, upward from a busy one, to name a free one.
PORTS_TRIED = 50
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65_535), help="Port to listen on.")
@click.option("--workspace", default=None, metavar="DIR", help="Folder of the database and the runs [default: runs/].")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def main(host: str, port: int, workspace: str | None, no_browser: bool) -> None:
    """Watch plain and residual nets train side by side, in the browser."""
    try:
        refuse_busy_port(host, port)
    except OSError as error:
        raise click.UsageError(str(error)) from None
    from app import data  # after the cheap refusals: what follows imports the web framework

    try:
        data.use(workspace)
        data.prepare()
    except data.SkipscopeError as error:
        raise click.UsageError(str(error)) from None
    # For `st.App`'s pages and the engine that is started from here.
    os.environ["SKIPSCOPE_WORKSPACE"] = str(data.workspace())
    serve(host, port, browser=not no_browser and has_display())


def serve(host: str, port: int, browser: bool) -> None:
    """Run the server until it is told to stop."""
    import streamlit as st

    from app import server

    # Streamlit and uvicorn report their start at length; one line of our own says it.
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.levelno >= logging.WARNING)
    url = page_url(host, port)

    def started() -> None:
        click.echo(f"Skipscope is at {url} (Ctrl-C stops the page, not the runs)")
        if browser:
            threading.Timer(0.3, webbrowser.open, [url]).start()

    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.allowedHosts": allowed_hosts(host),
        "logger.hideWelcomeMessage": True,
    }
    try:
        st.App(server.MAIN, **server.serving(on_start=started)).run(config=options)
    except KeyboardInterrupt:
        sys.exit(0)


def refuse_busy_port(host: str, port: int) -> None:
    """Raise OSError with one line when the port is taken or the address is not this machine's."""
    try:
        _bind(host, port)
    except socket.gaierror:
        raise OSError(f"--host {host} is not an address of this machine; 127.0.0.1 serves this machine alone") from None
    except PermissionError:
        raise OSError(f"port {port} is reserved; choose one above 1023, for example --port 8501") from None
    except OSError as error:
        if not _is_local(host):
            raise OSError(
                f"--host {host} is not an address of this machine; 127.0.0.1 serves this machine alone"
            ) from None
        free = next(
            (other for other in range(port + 1, min(port + PORTS_TRIED, 65_536)) if _is_free(host, other)), None
        )
        hint = f"--port {free} is free" if free else "choose another with --port"
        raise OSError(f"port {port} is busy ({error.strerror}); {hint}") from None


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen(1)


def _is_free(host: str, port: int) -> bool:
    try:
        _bind(host, port)
    except OSError:
        return False
    return True


def _is_local(host: str) -> bool:
    return _is_free(host, 0)


def allowed_hosts(host: str) -> list[str]:
    """Return the names under which browsers may ask: loopback, the bound address, all own addresses for a wildcard."""
    hosts = ["localhost", "127.0.0.1", "::1"]
    if host in WILDCARDS:
        import psutil

        name = socket.gethostname()
        hosts += [name, f"{name}.local", socket.getfqdn()]
        for addresses in psutil.net_if_addrs().values():
            hosts += [a.address.split("%")[0] for a in addresses if a.family in (socket.AF_INET, socket.AF_INET6)]
    elif not _is_loopback(host):
        hosts.append(host)
    return list(dict.fromkeys(hosts))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def page_url(host: str, port: int) -> str:
    """Return the address that a browser on this machine can open."""
    shown = "localhost" if host in (*WILDCARDS, "127.0.0.1") else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def has_display() -> bool:
    """Return whether a browser window could be seen here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run() -> int:
    """Run the command and return its exit code; a refusal is one line on stderr."""
    try:
        code = main.main(prog_name="python -m app", standalone_mode=False)
    except click.UsageError as error:
        click.echo(" ".join(error.format_message().split()).rstrip("."), err=True)
        return 2
    except click.Abort:
        return 130
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(run())
