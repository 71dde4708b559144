"""What the kernel makes of a partition: two small tables, and their bytes on the way between processes."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What a partition comes to.

    Attributes:
        services: cluster, day (hour // 24), service, energy (µWh), location (µg); rows of 0 left out.
        hours: cluster, hour, energy (µWh), intensity (ng/Wh), annual, machines (µWh they drew), and of the energy what
            is flagged (µWh): without_cpu (dynamic, but nobody computed), without_it (overhead, but no machine drew),
            unreserved (idle, but nobody reserves in the cluster), by_activity (shared out by activity metrics).
    """

    services: pa.Table
    hours: pa.Table

    def to_bytes(self) -> bytes:
        """Both tables as Arrow streams, each after its length in 8 bytes."""
        return b"".join(len(each).to_bytes(8) + each for each in map(_stream, (self.services, self.hours)))

    @classmethod
    def of_bytes(cls, data: bytes) -> Cells:
        """The cells in ``to_bytes``."""
        end = 8 + int.from_bytes(data[:8])
        return cls(pa.ipc.open_stream(data[8:end]).read_all(), pa.ipc.open_stream(data[end + 8 :]).read_all())


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content
