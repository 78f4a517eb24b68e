"""Says whether .pt files can be opened by those who will: torch with weights_only, and the loader of AUTOMATIC1111's web
interface, whose rules (modules/safe.py) are written down here. usage: python check_pt.py FILE...
"""
import collections
import pickle
import re
import sys
import zipfile

import torch

MEMBER = re.compile(r"^([^/]+)/((data/\d+)|version|(data\.pkl))$")
ALLOWED = {
    "collections": {"OrderedDict"},
    "torch._utils": {"_rebuild_tensor_v2", "_rebuild_parameter", "_rebuild_device_tensor_from_numpy"},
    "torch": {"FloatStorage", "HalfStorage", "IntStorage", "LongStorage", "DoubleStorage", "ByteStorage", "BFloat16Storage",
              "float32"},
    "torch.nn.modules.container": {"ParameterDict"},
    "numpy.core.multiarray": {"scalar", "_reconstruct"},
    "numpy": {"dtype", "ndarray"},
    "_codecs": {"encode"},
    "pytorch_lightning.callbacks.model_checkpoint": {"ModelCheckpoint"},
    "__builtin__": {"set"},
}


class Restricted(pickle.Unpickler):
    def persistent_load(self, identifier):
        assert identifier[0] == "storage"
        return None  # only the names matter here

    def find_class(self, module, name):
        if name not in ALLOWED.get(module, ()):
            raise ValueError(f"the web interface does not allow {module}.{name}")
        return collections.OrderedDict if name == "OrderedDict" else lambda *_: None


def check(path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for name in names:
            if not MEMBER.match(name):
                raise ValueError(f"the web interface does not allow the member {name}")
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError(f"{len(pickles)} files data.pkl")
        with archive.open(pickles[0]) as stream:
            Restricted(stream).load()
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    return tuple(loaded.shape) if isinstance(loaded, torch.Tensor) else {key: tuple(value.shape) for key, value in loaded.items()}


failures = 0
for path in sys.argv[1:]:
    try:
        print(f"{path}: good, {check(path)}")
    except Exception as error:
        failures += 1
        print(f"{path}: {error}")
sys.exit(failures > 0)
