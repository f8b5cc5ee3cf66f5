"""A dispatcher's console: the board, tiles of the map, single units, and the desk's commands."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from .board import Board
from .session import Reply, Server, Session
from .tiles import Tile


class Dispatcher(Session):
    """A session of the desk."""

    def __init__(self, server: Server, region: str, credential: Callable[[], str], role: str = "dispatcher") -> None:
        super().__init__(server, region, role, None, credential)
        self.board = Board()
        self.tiles: Dict[str, Tile] = {}
        #: Gaps in a tile's numbers that were met by watching anew.
        self.tile_gaps = 0
        #: Frames of tiles that are not watched (any more).
        self.stray_tiles: List[str] = []
        self.units: Dict[str, List[Any]] = {}
        #: Units on duty whose position is not fresh, by what it is.
        self.old: Dict[str, str] = {}
        #: For the tests of the client itself: tiles of which the next frame of moves is lost on its way.
        self.lose_next_moves: List[str] = []

    def on_message(self, name: str, fields: List[Any]) -> bool:
        if name == "board":
            self.board.part(*fields[:7])
        elif name == "board-events":
            self.board.events(*fields[:3])
        elif name == "tile":
            self._tile(fields[0], lambda tile: tile.snapshot(*fields[1:5]))
        elif name == "tile-moves":
            self._tile(fields[0], lambda tile: self._moved(tile, fields))
        elif name == "unit":
            self.units[fields[1]["unitId"]] = fields
        elif name == "freshness":
            if fields[0]:
                self.old = {}
            for unit_id, freshness, *_ in fields[2]:
                self.old.pop(unit_id, None)
                if freshness != "fresh":
                    self.old[unit_id] = freshness
        else:
            return False
        return True

    # The board.

    def watch_board(self, from_position: Optional[int] = None) -> Reply:
        """Watches, and returns once all that the reply promised has come [BD-2]."""
        snapshots = self.board.snapshots
        reply = self.ask("watch-board", from_position)
        if reply.result["mode"] == "snapshot":
            self.until("the snapshot", lambda: self.board.snapshots > snapshots)
        else:
            promised = reply.result["position"]
            self.until(f"the events up to {promised}", lambda: (self.board.position or 0) >= promised)
        return reply

    def until_position(self, position: int) -> None:
        """Waits until the board has followed the log up to this record."""
        self.until(f"position {position} on the board", lambda: (self.board.position or 0) >= position)

    # The map.

    def watch_tiles(self, names: List[str]) -> Reply:
        """Sets the tiles that are watched; those that were watched before go on where they are."""
        self.tiles = {name: self.tiles.get(name, Tile(name)) for name in names}
        return self.ask("watch-tiles", [tile.watched_from() for tile in self.tiles.values()])

    def on_tile(self, unit_id: str) -> List[str]:
        return [tile.name for tile in self.tiles.values() if unit_id in tile.units]

    def _tile(self, name: str, apply: Callable[[Tile], None]) -> None:
        tile = self.tiles.get(name)
        if tile is None:
            self.stray_tiles.append(name)
        else:
            apply(tile)

    def _moved(self, tile: Tile, fields: List[Any]) -> None:
        if tile.name in self.lose_next_moves:
            self.lose_next_moves.remove(tile.name)
        elif not tile.apply(*fields[1:5]):
            self.tile_gaps += 1
            self.begin("watch-tiles", [each.watched_from() for each in self.tiles.values()])
