"""Token buckets per address (as in RFC 2697, with one rate)."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

MOST_ADDRESSES = 10_000


class Buckets:
    """Each address has `burst` permits, refilled at `rate` per second; unknown addresses push out the oldest."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def _level(self, address: str) -> float:
        level, at = self._levels.get(address, (self._burst, self._clock()))
        return min(self._burst, level + (self._clock() - at) * self._rate)

    def allows(self, address: str) -> bool:
        """Whether a permit is left; takes none."""
        return self._level(address) >= 1

    def take(self, address: str) -> bool:
        """Takes a permit. Returns whether there was one."""
        level = self._level(address)
        self._levels[address] = (level - 1 if level >= 1 else level, self._clock())
        self._levels.move_to_end(address)
        if len(self._levels) > MOST_ADDRESSES:
            self._levels.popitem(last=False)
        return level >= 1
