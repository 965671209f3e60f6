"""The QR code of the link for the room: a reader finds the link in it, and only the presenter's page has it."""

from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
import zxingcpp

from app.live.shared.presentation import room_code
from app.web import presenter_link


def read(rows, quiet):
    """Decode what a browser draws: eight pixels a module."""
    modules = np.array([[module == "0" for module in row] for row in rows])
    picture = np.kron(np.pad(modules, quiet, constant_values=True), np.ones((8, 8), bool)).astype(np.uint8) * 255
    return [found.text for found in zxingcpp.read_barcodes(picture)]


@pytest.fixture
def page(monkeypatch):
    """A shared page, whose visitor is what ``may_command`` says."""
    monkeypatch.setattr(presenter_link, "shared_port", lambda: 8501)
    monkeypatch.setattr(presenter_link, "may_command", lambda: True)
    context = SimpleNamespace(url="http://192.168.1.20:8501/layers")
    monkeypatch.setattr(st, "context", context)
    options = {"server.address": "0.0.0.0", "server.baseUrlPath": ""}
    monkeypatch.setattr(st, "get_option", options.get)
    return SimpleNamespace(context=context, options=options)


@pytest.mark.parametrize(
    ("opened", "base", "link"),
    [
        ("http://192.168.1.20:8501/layers", "", "http://192.168.1.20:8501"),
        ("https://lab.example.org/skip/", "/skip/", "https://lab.example.org/skip/"),
        ("http://[2001:db8::7]:8501/", "", "http://[2001:db8::7]:8501"),
    ],
)
def test_a_reader_finds_the_link_of_the_room(page, opened, base, link):
    page.context.url, page.options["server.baseUrlPath"] = opened, base
    code = room_code.room_code()
    assert code["link"] == link
    assert code["local"] is False
    assert code["quiet"] >= 4
    assert read(code["rows"], code["quiet"]) == [link]
    assert room_code.room_code("talk")["link"] == f"{link.rstrip('/')}/talk"


def test_who_opened_it_on_the_machine_itself_shows_an_address_for_others(page, monkeypatch):
    room_code.audience_link.cache_clear()
    monkeypatch.setattr(room_code.addresses, "network_addresses", lambda: ["10.1.2.3"])
    page.context.url = "http://localhost:8501/"
    assert room_code.room_code()["link"] == "http://10.1.2.3:8501"
    room_code.audience_link.cache_clear()
    monkeypatch.setattr(room_code.addresses, "network_addresses", list)
    code = room_code.room_code()
    assert (code["link"], code["local"]) == ("http://127.0.0.1:8501", True)
    room_code.audience_link.cache_clear()


def test_nobody_else_has_it(page, monkeypatch):
    monkeypatch.setattr(presenter_link, "may_command", lambda: False)
    assert room_code.room_code() is None
    monkeypatch.setattr(presenter_link, "may_command", lambda: True)
    monkeypatch.setattr(presenter_link, "shared_port", lambda: None)
    assert room_code.room_code() is None
