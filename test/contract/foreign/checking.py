"""What the days check by: assertions that say what they found, refusals that must come, a board against another."""

from __future__ import annotations

from typing import Any

from goldenhour.dispatcher import Dispatcher
from goldenhour.session import Refused, Session


def check(found: Any, expected: Any, what: str) -> None:
    assert found == expected, f"{what}: {found!r} instead of {expected!r}"


def refuses(session: Session, code: str, what: str, name: str, *fields: Any) -> Refused:
    """The server refuses this message with this code."""
    refusal = session.refused(name, *fields)
    check(refusal.code, code, what)
    return refusal


def check_board(desk: Dispatcher) -> None:
    """What the desk followed event by event is what a snapshot of now has."""
    fresh = Dispatcher(desk.server, desk.region, desk.credential)
    fresh.open()
    fresh.watch_board()
    desk.until_position(fresh.board.position or 0)
    check(desk.board.position, fresh.board.position, "the two boards' positions")
    check(desk.board.summary(), fresh.board.summary(), "the followed board against a snapshot")
    fresh.close()
