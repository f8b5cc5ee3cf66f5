"""Tiles of the map as a console keeps them: a snapshot, moves by number, and what to do about a gap [TL-3] [TL-8]."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional


def tile_of(lon_e7: int, lat_e7: int, zoom: int) -> str:
    """The `z/x/y` of a place on the Web Mercator grid [TL-1]."""
    side = 1 << zoom
    lon, lat = lon_e7 / 1e7, math.radians(lat_e7 / 1e7)
    x = int((lon + 180) / 360 * side) % side
    y = int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * side)
    return f"{zoom}/{x}/{min(max(y, 0), side - 1)}"


class Tile:
    """One watched tile."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.epoch: Optional[str] = None
        self.frame_no: Optional[int] = None
        self.units: Dict[str, List[Any]] = {}
        self.snapshots = 0
        self.moves = 0

    def watched_from(self) -> List[Any]:
        """As `watch-tiles` names it: the last frame that was applied [TL-3]."""
        return [self.name, self.epoch, self.frame_no]

    def snapshot(self, epoch: str, frame_no: int, at_ms: int, units: List[List[Any]]) -> None:
        self.epoch, self.frame_no = epoch, frame_no
        self.units = {unit[0]: unit for unit in units}
        self.snapshots += 1

    def apply(self, frame_no: int, at_ms: int, units: List[List[Any]], gone: List[str]) -> bool:
        """False when a frame is missing before this one: the tile must be watched again with null [TL-8]."""
        if self.frame_no is None or frame_no <= self.frame_no:
            return True  # The snapshot is on its way, or the frame was applied before.
        if frame_no > self.frame_no + 1:
            self.epoch, self.frame_no = None, None
            return False
        self.frame_no = frame_no
        self.moves += 1
        for unit_id in gone:
            self.units.pop(unit_id, None)
        for unit in units:
            self.units[unit[0]] = unit
        return True
