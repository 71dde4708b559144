"""How much one caller may ask of a node: requests by rate, in each process by itself."""

from __future__ import annotations

import threading
import time


class Limiter:
    """At most ``burst`` requests of a key at once, and ``rate`` a second after that, in this process."""

    def __init__(self, rate: float = 20.0, burst: int = 100) -> None:
        self.rate, self.burst = rate, burst
        self._lock = threading.Lock()
        self._held: dict[str, tuple[float, float]] = {}

    def wait_s(self, who: str) -> float:
        """0 if the request may go on, else the seconds after which one may."""
        now = time.monotonic()
        with self._lock:
            left, at = self._held.get(who, (float(self.burst), now))
            left = min(float(self.burst), left + (now - at) * self.rate)
            allowed = left >= 1
            if len(self._held) > 100_000:
                self._held.clear()  # addresses of strangers must not fill the memory
            self._held[who] = (left - allowed, now)
            return 0.0 if allowed else (1 - left) / self.rate
