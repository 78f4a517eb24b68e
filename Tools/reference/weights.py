"""Makes Tests/TensorKitTests/Fixtures/weights: weight files that are to be read, with their values, and files that are to
be refused, with the words to be found in the reason. usage: python weights.py FOLDER [FOLDER_OF_PUBLISHED_EMBEDDINGS]

Good files come from safetensors and torch themselves. Bad ones are good ones spoilt in one place each. With the second
argument the hashes of the published aesthetic embeddings are recorded too (the files themselves are not copied).
"""
import collections
import hashlib
import io
import json
import pickle
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy
import torch
from safetensors.torch import save as safetensors_save

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
accepted, refused = {}, {}
torch.manual_seed(7)


# Files that are to be read


def describe(tensor):
    names = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
             torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
             torch.uint16: "U16", torch.uint32: "U32", torch.uint64: "U64", torch.float8_e4m3fn: "F8_E4M3",
             torch.float8_e5m2: "F8_E5M2", torch.complex64: "C64"}
    readable = tensor.dtype not in (torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64)
    bits = tensor.detach().float().contiguous().view(torch.int32) if readable else None
    return {"type": names[tensor.dtype], "shape": list(tensor.shape),
            # As bits, so that NaNs and signed zeros count.
            "bits": [value & 0xFFFFFFFF for value in bits.reshape(-1).tolist()] if readable else None}


def accept(name, data, tensors, **facts):
    (folder / name).write_bytes(data)
    accepted[name] = {"tensors": {key: describe(value) for key, value in tensors.items()}, **facts}


def saved(value, legacy=False):
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not legacy)
    return renamed(buffer.getvalue()) if legacy else buffer.getvalue()


def renamed(data):
    """A legacy file whose storages are named 100, 101, … in the order of their use, and stand in that order.

    torch names them after memory addresses, which change from run to run.
    """
    used, ends, stream = {}, [], io.BytesIO(data)
    for _ in range(5):
        listed = Inert(stream, used).load()
        ends.append(stream.tell())
    blocks = {}
    for key in listed:
        count = stream.read(8)
        blocks[key] = count + stream.read(struct.unpack("<Q", count)[0] * used[key])
    head = data[:ends[3]]
    for number, key in enumerate(used):
        head = head.replace(text(key), text(str(100 + number)))
    keys = pickle.dumps([str(100 + number) for number in range(len(used))], protocol=2)
    return head + keys + b"".join(blocks[key] for key in used)


class Inert(pickle.Unpickler):
    """Reads a pickle to its end without caring for what it means; notes each storage's bytes per element."""

    widths = {"Double": 8, "Long": 8, "Float": 4, "Int": 4, "Half": 2, "BFloat16": 2, "Short": 2, "Char": 1, "Byte": 1, "Bool": 1}

    def __init__(self, stream, used):
        super().__init__(stream)
        self.used = used

    def find_class(self, module, name):
        return self.widths.get(name.removesuffix("Storage")) or (lambda *_: collections.OrderedDict())

    def persistent_load(self, identifier):
        self.used[identifier[2]] = identifier[1]


def text(string):
    return b"X" + struct.pack("<I", len(string)) + string.encode()


def retyped(tensor):
    """The tensor in every type, with extremes of the floating-point ones."""
    extremes = torch.tensor([0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1e-7, 6e-8, 65504.0, 1e-40])
    types = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
             torch.int8, torch.uint8, torch.bool]
    tensors = {str(kind).removeprefix("torch."): tensor.to(kind) for kind in types}
    tensors |= {f"{kind}.extremes": extremes.to(kind) for kind in (torch.float64, torch.float32, torch.float16,
                                                                   torch.bfloat16)}
    tensors["int64.large"] = torch.tensor([2**63 - 1, -2**63, 2**24 + 1, -1])
    return tensors


unsigned = {"u16": torch.tensor([0, 40000, 65535], dtype=torch.uint16),
            "u32": torch.tensor([0, 2**31, 2**32 - 1], dtype=torch.uint32),
            "u64": torch.tensor([0, 2**63, 2**64 - 1], dtype=torch.uint64)}
table = torch.randn(3, 5) * 40
numbers = retyped(table)
shapes = {"scalar": torch.tensor(2.5), "empty": torch.zeros(0), "hollow": torch.zeros(2, 0, 3), "deep": torch.randn(1, 2, 1, 3)}
narrow = {"e4m3": torch.ones(2).to(torch.float8_e4m3fn), "e5m2": torch.ones(2).to(torch.float8_e5m2),
          "complex": torch.ones(2, dtype=torch.complex64)}
half = torch.randn(1, 6).half()

accept("types.safetensors", safetensors_save(numbers | unsigned | shapes, metadata={"format": "pt"}),
       numbers | unsigned | shapes, metadata={"format": "pt"})
accept("unreadable.safetensors", safetensors_save(narrow), narrow)
accept("types.pt", saved(numbers | unsigned | shapes), numbers | unsigned | shapes)
accept("types-legacy.pt", saved(numbers | shapes, legacy=True), numbers | shapes)
accept("unreadable.pt", saved(narrow), narrow)
accept("bare-half.pt", saved(half), {"": half})
accept("bare-half-legacy.pt", saved(half, legacy=True), {"": half})
accept("bare-1d.pt", saved(table[0].clone()), {"": table[0]})

base = torch.arange(24.0).reshape(4, 6)
views = {"all": base, "transposed": base.T, "row": base[2], "column": base[:, 1], "block": base[1:3, 2:4],
         "steps": base.reshape(-1)[1::5], "cube": base.reshape(2, 3, 4).permute(2, 0, 1),
         "repeated": base[0].expand(4, 6), "half": base.half().T}
accept("views.pt", saved(views), views)
accept("views-legacy.pt", saved(views, legacy=True), views)

parameter = torch.nn.Parameter(table)
accept("parameter.pt", saved(parameter), {"": table})
accept("parameter-legacy.pt", saved({"p": parameter}, legacy=True), {"p": table})
marked = torch.nn.Parameter(table)
marked.note = "an attribute"
accept("parameter-with-state.pt", saved({"p": marked}), {"p": table})
linear = torch.nn.Linear(3, 2)
state = {key: value.detach() for key, value in linear.state_dict().items()}
accept("module-state.pt", saved(linear.state_dict()), state)
accept("checkpoint.ckpt", saved({"epoch": 3, "global_step": 470000, "rate": 0.5, "done": True, "note": "süß", "nothing": None,
                                 "state_dict": linear.state_dict(), "optimizer_states": [{"x": torch.ones(1)}]}), state,
       metadata={"epoch": "3", "global_step": "470000", "rate": "0.5", "done": "true", "note": "süß"})
accept("checkpoint-legacy.ckpt", saved({"state_dict": linear.state_dict(), "epoch": 3}, legacy=True), state,
       metadata={"epoch": "3"})
accept("inversion.pt", saved({"string_to_token": {"*": 265}, "string_to_param": {"*": parameter}, "name": "taste", "step": 9}),
       {"string_to_param.*": table}, metadata={"name": "taste", "step": "9"})
accept("hypernetwork.pt", saved({768: (linear.state_dict(), linear.state_dict()), "step": 1, "layer_structure": [1, 2, 1]}),
       {f"768.{part}.{key}": value for part in (0, 1) for key, value in state.items()},
       metadata={"step": "1", "layer_structure": "[1, 2, 1]"})
accept("nested.pt", saved([{"a": torch.ones(1)}, (torch.zeros(2),)]), {"0.a": torch.ones(1), "1.0": torch.zeros(2)})
accept("nothing.pt", saved({"only": "text"}), {}, metadata={"only": "text"})


class Opaque:
    pass


Opaque.__module__, Opaque.__qualname__ = "made.up", "Opaque"
sys.modules["made"] = sys.modules["made.up"] = type(sys)("made.up")
sys.modules["made.up"].Opaque = Opaque
odd = Opaque()
odd.tensor = torch.ones(2)
accept("opaque.pt", saved({"a": table, "odd": odd, "settings": collections.Counter("ab"), "size": table.shape,
                           "scalar": numpy.float64(1.5), "type": torch.float32}), {"a": table},
       unfamiliar=["made.up.Opaque"], missing={"odd": "made.up.Opaque"})


# Files made by hand: pickles put together, zip archives spoilt


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def plain_zip(parts, compression=zipfile.ZIP_STORED):
    """What an ordinary zip program makes of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return buffer.getvalue()


def torch_zip(parts):
    """The layout of PyTorchStreamWriter (caffe2/serialize/inline_container.cc): aligned members, descriptors, zip64."""
    body, directory = b"", b""
    for name, data in parts.items():
        encoded, sums = name.encode(), struct.pack("<III", zlib.crc32(data), len(data), len(data))
        offset = len(body)
        padding = -(offset + 30 + len(encoded) + 4) % 64
        body += b"PK\3\4" + struct.pack("<HHHHHIIIHH", 0, 0x808, 0, 0, 0, 0, 0, 0, len(encoded), padding + 4) + encoded
        body += b"FB" + struct.pack("<H", padding) + b"Z" * padding + data + b"PK\7\x08" + sums
        directory += b"PK\1\2" + struct.pack("<HHHHHH", 0, 0, 0x808, 0, 0, 0) + sums
        directory += struct.pack("<HHHHHII", len(encoded), 0, 0, 0, 0, 0, offset) + encoded
    count, start, size = len(parts), len(body), len(directory)
    wide = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 0x031E, 45, 0, 0, count, count, size, start)
    locator = b"PK\6\7" + struct.pack("<IQI", 0, start + size, 1)
    return body + directory + wide + locator + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, size, start, 0)


def old_form(data):
    """Only the members that torch 1.6 wrote, in its folder."""
    parts = {"archive/" + name.split("/", 1)[1]: part for name, part in members(data).items()}
    keys = [key for key in parts if "/data/" in key]
    return torch_zip({key: parts[key] for key in ["archive/data.pkl", *keys, "archive/version"]})


writable = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([0.1, 2049.0, 70000.0]).half(),
            "ids": torch.arange(300).reshape(1, 300), "scalar": torch.tensor(1.0), "deep": torch.ones(1, 1, 2, 2)}
accept("written-bare.pt", old_form(saved(torch.arange(6.0).half().reshape(1, 6))), {"": torch.arange(6.0).half().reshape(1, 6)})
accept("written-dictionary.pt", old_form(saved(writable)), writable)
accept("written-one.pt", old_form(saved({"a": torch.zeros(0, 70000)})), {"a": torch.zeros(0, 70000)})
accept("written-many.pt", old_form(saved({f"t{n}": torch.full((1,), float(n)) for n in range(40)})),
       {f"t{n}": torch.full((1,), float(n)) for n in range(40)})
accept("written.safetensors", safetensors_save(writable | {'qu"ote\\\n\u20ac': torch.zeros(1)}, metadata={"é": "\t"}),
       writable | {'qu"ote\\\n\u20ac': torch.zeros(1)}, metadata={"é": "\t"})

PROTOCOL, STOP, REDUCE = b"\x80\2", b".", b"R"
FLOATS, TENSOR, ORDERED = b"ctorch\nFloatStorage\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"ccollections\nOrderedDict\n"


def integer(value):
    if 0 <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    data = pickle.encode_long(value)
    return b"\x8a" + bytes([len(data)]) + data


def storage(count=6, key="0", kind=FLOATS, place="cpu", tail=b""):
    return b"(" + text("storage") + kind + text(key) + text(place) + integer(count) + tail + b"tQ"


def shape(lengths):
    return b"(" + b"".join(integer(length) for length in lengths) + b"t"


def tensor(lengths=(2, 3), strides=(3, 1), offset=0, holder=None, call=TENSOR, tail=b"\x89" + ORDERED + b")R"):
    return call + b"(" + (holder or storage()) + integer(offset) + shape(lengths) + shape(strides) + tail + b"tR"


values = torch.arange(6.0).reshape(2, 3)
DATA = values.numpy().tobytes()


def parts(body, storages=None, version=b"3\n", **more):
    return {"archive/data.pkl": PROTOCOL + body + STOP, **{f"archive/data/{k}": v for k, v in (storages or {"0": DATA}).items()},
            **({"archive/version": version} if version else {}), **{f"archive/{k}": v for k, v in more.items()}}


def refuse(name, data, reason):
    (folder / name).write_bytes(data)
    refused[name] = reason


good = torch_zip(parts(tensor()))
accept("hand-made.pt", good, {"": values})
accept("repacked.pt", plain_zip(parts(tensor())), {"": values})
accept("cuda.pt", torch_zip(parts(tensor(holder=storage(place="cuda:0")))), {"": values})
accept("any-root.pt", torch_zip({k.replace("archive", "any root"): v for k, v in parts(tensor()).items()}), {"": values})
accept("plain-tensor-v1.pt", torch_zip(parts(tensor(call=b"ctorch._utils\n_rebuild_tensor\n", tail=b""))), {"": values})
accept("size-object.pt", torch_zip(parts(
    TENSOR + b"(" + storage() + integer(0) + b"ctorch\nSize\n" + shape((2, 3)) + b"\x85R" + shape((3, 1)) + b"\x89" + ORDERED
    + b")RtR")), {"": values})
PARAMETERS = b"ctorch.nn.modules.container\nParameterDict\n"
accept("parameter-dictionary.pt", torch_zip(parts(
    b"}" + text("string_to_param") + PARAMETERS + b")\x81}(" + text("training") + b"\x88" + text("_parameters") + ORDERED + b")R"
    + text("*") + tensor() + b"sub" + b"s")), {"string_to_param.*": values})
accept("dangerous.pt", torch_zip(parts(
    b"}(" + text("a") + tensor() + text("b") + b"cos\nsystem\n" + text("true") + b"\x85Ru")), {"a": values},
       unfamiliar=["os.system"], suspicious=["os.system"], missing={"b": "os.system"})
accept("surplus-member.pt", torch_zip(parts(tensor(), notes=b"hello")), {"": values})

# Tuples, each holding the one below three times: millions of values in a hundred bytes.
TOWER = b"K\1q\0" + b"".join((b"h" + bytes([n])) * 3 + b"\x87q" + bytes([n + 1]) for n in range(14))
module = io.BytesIO()
torch.save(linear, module)

bad = {
    "storage-short": (parts(tensor(), {"0": DATA[:-1]}), "23 bytes in storage 0; 24 were expected"),
    "storage-long": (parts(tensor(), {"0": DATA + b"\0"}), "25 bytes in storage 0; 24 were expected"),
    "storage-missing": (parts(tensor(), {"1": DATA}), "lacks the storage 0"),
    "size-beyond": (parts(tensor((3, 3))), "reaches beyond its storage of 6 elements"),
    "stride-beyond": (parts(tensor((2, 3), (4, 1))), "reaches beyond its storage"),
    "offset-beyond": (parts(tensor(offset=1)), "reaches beyond its storage"),
    "offset-negative": (parts(tensor(offset=-1)), "does not fit into its storage"),
    "stride-negative": (parts(tensor((2, 3), (3, -1))), "does not fit into its storage"),
    "size-overflow": (parts(tensor((2**62, 2**62), (0, 0))), "does not fit into its storage"),
    "stride-overflow": (parts(tensor((2, 3), (2**62, 2**62))), "reaches beyond its storage"),
    "rank-differs": (parts(tensor((2, 3), (1,))), "does not fit into its storage"),
    "strides-zero": (parts(tensor((1000, 1000), (0, 0), holder=storage(1)), {"0": DATA[:4]}), "reaches beyond its storage of 1 "),
    "count-overflow": (parts(tensor(holder=storage(2**62))), "a storage has 4611686018427387904 elements"),
    "storage-kind": (parts(tensor(holder=storage(kind=b"cmy\nStorage\n"))), "depends on my.Storage"),
    "storage-two-ways": (parts(b"]" + tensor() + b"a" + tensor(holder=storage(kind=b"ctorch\nIntStorage\n")) + b"a"),
                         "described in two ways"),
    "storage-view": (parts(tensor(holder=storage(tail=b"(" + text("0") + integer(0) + integer(6) + b"t"))),
                     "a view of another one"),
    "key-parent": (parts(tensor(holder=storage(key="../0"))), 'the key "../0"'),
    "not-a-storage": (parts(tensor(holder=b"K\1")), "no storage as torch describes them"),
    "persistent-text": (parts(tensor(holder=text("storage") + b"Q")), "no storage as torch describes them"),
    "version-missing": (parts(tensor(), version=None), "has no version"),
    "version-999": (parts(tensor(), version=b"999\n"), 'torch file version "999\\x0a"'),
    "big-endian": (parts(tensor(), byteorder=b"big"), 'in "big" byte order'),
    "program": (parts(tensor(), **{"constants.pkl": b"\x80\2)."}), "TorchScript program"),
    "two-pickles": (parts(tensor()) | {"other/data.pkl": b"\x80\2N."}, "more than one data.pkl"),
    "no-pickle": ({"archive/version": b"3\n"}, "without a data.pkl"),
    "pickle-outside": ({"data.pkl": PROTOCOL + tensor() + STOP, "archive/data/0": DATA, "archive/version": b"3\n"},
                       "outside of the folder"),
    "stray-in-pickle": (parts(tensor() + b".N"), "stray bytes behind the pickle"),
    "protocol-4": (parts(b"\x80\4" + tensor()), "pickle protocol 4"),
    "instruction": (parts(b"(iposix\nsystem\n"), "the pickle instruction 0x69"),
    "stack-global": (parts(text("os") + text("system") + b"\x93)R"), "the pickle instruction 0x93"),
    "long-integer": (parts(b"\x8a\x09" + bytes(9)), "an integer of 9 bytes"),
    "call-without-tuple": (parts(b"cos\nsystem\n" + text("true") + b"R"), "a call without a tuple"),
    "item-on-tuple": (parts(b")" + text("a") + b"Ns"), "added to a value that holds nothing"),
    "item-on-list": (parts(b"]" + text("a") + b"Ns"), "added to a value that holds nothing"),
    "append-on-dictionary": (parts(b"}Na"), "added to a value that holds nothing"),
    "key-alone": (parts(b"}(" + text("a") + b"u"), "a key without a value"),
    "memo-missing": (parts(b"h\7"), "not put into the memo"),
    "stack-empty": (parts(b"\x85"), "a value is missing"),
    "below-mark": (parts(b"N(\x85"), "a value is missing"),
    "mark-missing": (parts(b"t"), "a mark is missing"),
    "left-over": (parts(b"NN"), "values left over"),
    "text-beyond": (parts(b"X\xff\xff\xff\x00a"), "ends too early"),
    "text-huge": (parts(b"X\xff\xff\xff\xffa"), "a text of 4294967295 bytes"),
    "name-endless": (parts(b"c" + b"a" * 1200), "a name of more than 1000 bytes"),
    "stack-deep": (parts(b"N" * 10_001), "more than 10000 values"),
    "marks-deep": (parts(b"(" * 10_001), "more than 10000 marks"),
    "cycle": (parts(b"]q\0h\0a"), "without end"),
    "shared-tower": (parts(b"(" + TOWER + b"t"), "without end"),
    # One long list, one long name, in many places each: a reader that copies or counts them anew would take hours.
    "shared-list": (parts(b"(](" + b"N" * 3000 + b"eq\0(" + b"h\0" * 3000 + b"tq\1(" + b"h\1" * 3000 + b"tt"), "without end"),
    "shared-name": (parts(b"(" + text("n" * 900) + b"q\0}q\1" + b"".join(
        b"}h\0h" + bytes([n]) + b"sq" + bytes([n + 1]) for n in range(1, 12)) + b"(" + b"h\14" * 2000 + b"tt"), "without end"),
    "name-long": (parts(b"}(" + text("n" * 1001) + tensor() + b"u"), "a name of 1001 bytes"),
    "twice-one-name": (parts(b"}(" + text("a") + tensor() + text("a") + tensor() + b"u"), 'two tensors are called "a"'),
    "module": (members(module.getvalue()), "holds a Python object (torch.nn.modules.linear.Linear)"),
    "tensor-with-state": (parts(tensor() + b"}b"), "not made as torch makes them"),
}
for name, (contents, reason) in bad.items():
    refuse(name + ".pt", torch_zip(contents), reason)


def patched(data, offset, value):
    return data[:offset] + value + data[offset + len(value):]


directory = good.index(b"PK\1\2")
member = good.index(b"archive/data/0") - 30
refuse("truncated.pt", good[:-30], "does not end as a zip file does")
refuse("leading-junk.pt", b"PK\3\4" + good, "where its end says")
refuse("trailing-junk.pt", good + b"junk", "does not end as a zip file does")
refuse("comment.pt", good[:-2] + struct.pack("<H", 4) + b"note", "does not end as a zip file does")
refuse("duplicate.pt", torch_zip(parts(tensor()) | {"archive/data/1": DATA}).replace(b"archive/data/1", b"archive/data/0"),
       "two zip members of the same name")
refuse("checksum.pt", good.replace(DATA, DATA[:-1] + b"\1"), "the checksum of \"archive/data/0\" is wrong")
refuse("local-flags.pt", patched(good, member + 6, b"\0\0"), "local header differs")
refuse("local-name.pt", patched(good, member + 30, b"A"), "local header differs")
refuse("local-size.pt", patched(good, member + 18, b"\7"), "local header differs")
refuse("local-checksum.pt", patched(good, member + 14, b"\7"), "local header differs")
refuse("descriptor.pt", patched(good, good.index(b"PK\7\x08") + 4, b"\7"), "data descriptor differs")
refuse("encrypted.pt", good.replace(struct.pack("<HHH", 0, 0, 0x808), struct.pack("<HHH", 0, 0, 0x809)), "encrypted")
refuse("deflated.pt", plain_zip(parts(tensor()), zipfile.ZIP_DEFLATED), "compressed")
refuse("directory-count.pt", patched(good, good.index(b"PK\6\6") + 24, b"\4\0\0\0\0\0\0\0\4"), "two zip directories that differ")
refuse("offset-huge.pt", patched(good, directory + 42, b"\xff\xff\xff\x7f"), "larger than the file")
refuse("gap.pt", plain_zip(parts(tensor())).replace(b"PK\1\2", b"junkPK\1\2", 1), "where its end says")
refuse("array.pt", plain_zip({"a.npy": b"\x93NUMPY"}), "without a data.pkl")

legacy = saved({"a": values, "b": torch.ones(2).half()}, legacy=True)
refuse("legacy-truncated.pt", legacy[:-1], "ends too early")
refuse("legacy-short.pt", legacy[:200], "ends too early")
refuse("legacy-trailing.pt", legacy + b"x", "1 stray bytes at its end")
refuse("legacy-big-endian.pt", legacy.replace(text("little_endian") + b"q\2\x88", text("little_endian") + b"q\2\x89"), "big-endian")
refuse("legacy-count.pt", legacy.replace(struct.pack("<Q", 6) + DATA, struct.pack("<Q", 5) + DATA),
       "5 elements in storage 100; 6 were expected")
refuse("legacy-no-list.pt", legacy[:legacy.rindex(b"\x80\2]")] + b"\x80\2)." + legacy[legacy.rindex(b".") + 1:],
       "the list of storages is missing")
refuse("legacy-unlisted.pt", legacy.replace(text("101"), text("102"), 1), "lists a storage \"101\" that nothing describes")

if len(sys.argv) > 2:
    published = {}
    for path in sorted(Path(sys.argv[2]).glob("*.pt")):
        loaded = torch.load(path, map_location="cpu", weights_only=True).detach()
        wide = loaded.float().contiguous()
        published[path.name] = {"type": describe(loaded)["type"], "shape": list(loaded.shape), "norm": round(wide.norm().item(), 4),
                                "sha256": hashlib.sha256(wide.numpy().tobytes()).hexdigest()}
    (folder / "published.json").write_text(json.dumps(published, indent=1) + "\n")
(folder / "expected.json").write_text(json.dumps({"accept": accepted, "refuse": refused}, indent=None) + "\n")
