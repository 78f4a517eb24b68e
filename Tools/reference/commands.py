"""Makes the fixtures of Tests/CommandTests. Needs nothing but Python: python3 Tools/reference/commands.py"""

import os
import pathlib
import pickle

FIXTURES = pathlib.Path(__file__).parents[2] / "Tests" / "CommandTests" / "Fixtures"


class SystemCall:
    """What a hostile weight file holds: unpickling it would run a command."""

    def __reduce__(self):
        return os.system, ("echo this file has run a command",)


def legacy(value):
    """A file as torch before 1.6 wrote it, without storages."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [0x1950A86A20F9469CFC6C, 1001, system, value, []]
    return b"".join(pickle.dumps(part, protocol=2) for part in parts)


(FIXTURES / "system-call.pt").write_bytes(legacy({"weights": SystemCall()}))
