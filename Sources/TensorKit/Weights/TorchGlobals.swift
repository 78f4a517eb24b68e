import Files

extension PickleGlobal {
  static let orderedDictionary = PickleGlobal("collections", "OrderedDict")
  static let size = PickleGlobal("torch", "Size")
  static let parameterDictionary = PickleGlobal("torch.nn.modules.container", "ParameterDict")

  /// What a call of this name would make.
  enum Rebuilding { case tensor, tensorOfType, parameter }

  /// How this name makes a tensor, or nil if it does not.
  var rebuilding: Rebuilding? {
    guard module == "torch._utils" else { return nil }
    return switch name {
    case "_rebuild_tensor", "_rebuild_tensor_v2": .tensor
    case "_rebuild_tensor_v3": .tensorOfType
    case "_rebuild_parameter", "_rebuild_parameter_with_state": .parameter
    default: nil
    }
  }

  /// The elements of the storages of this class; for an untyped storage, bytes. Nil if it is no such class.
  var storageType: ElementType? {
    switch (module, name) {
    case ("torch", "DoubleStorage"): .float64
    case ("torch", "FloatStorage"): .float32
    case ("torch", "HalfStorage"): .float16
    case ("torch", "BFloat16Storage"): .bfloat16
    case ("torch", "LongStorage"): .int64
    case ("torch", "IntStorage"): .int32
    case ("torch", "ShortStorage"): .int16
    case ("torch", "CharStorage"): .int8
    case ("torch", "ByteStorage"), ("torch.storage", "UntypedStorage"): .uint8
    case ("torch", "BoolStorage"): .bool
    case ("torch", "ComplexFloatStorage"): .complex64
    default: nil
    }
  }

  /// The elements of this torch dtype, or nil if it is none that is known.
  var elementType: ElementType? {
    guard module == "torch" else { return nil }
    return switch name {
    case "float64", "double": .float64
    case "float32", "float": .float32
    case "float16", "half": .float16
    case "bfloat16": .bfloat16
    case "int64", "long": .int64
    case "int32", "int": .int32
    case "int16", "short": .int16
    case "int8": .int8
    case "uint8": .uint8
    case "uint16": .uint16
    case "uint32": .uint32
    case "uint64": .uint64
    case "bool": .bool
    case "complex64", "cfloat": .complex64
    case "float8_e4m3fn": .float8e4m3
    case "float8_e5m2": .float8e5m2
    case "float8_e4m3fnuz": .float8e4m3fnuz
    case "float8_e5m2fnuz": .float8e5m2fnuz
    case "float8_e8m0fnu": .float8e8m0
    default: nil
    }
  }

  /// Whether files of honest programs contain this name: what torch's restricted reader allows, and what the loader of
  /// AUTOMATIC1111's web interface allows beyond that.
  var isFamiliar: Bool {
    if rebuilding != nil || storageType != nil || elementType != nil { return true }
    return switch module {
    case "collections": ["OrderedDict", "Counter"].contains(name)
    case "torch": ["Size", "Tensor", "device", "strided", "per_tensor_affine"].contains(name)
    case "torch._utils": name.hasPrefix("_rebuild_")
    case "torch._tensor": name == "_rebuild_from_type_v2"
    case "torch.nn.parameter": ["Parameter", "Buffer"].contains(name)
    case "torch.nn.modules.container": name == "ParameterDict"
    case "torch.storage": ["TypedStorage", "UntypedStorage"].contains(name)
    case "_codecs": name == "encode"
    case "__builtin__", "builtins": ["bytearray", "set", "complex", "dict", "list"].contains(name)
    case "numpy": ["dtype", "ndarray"].contains(name)
    case "numpy.core.multiarray", "numpy._core.multiarray": ["scalar", "_reconstruct"].contains(name)
    case "pytorch_lightning.callbacks.model_checkpoint": name == "ModelCheckpoint"
    default: false
    }
  }

  /// Whether a program that executes pickles would be attacked by calling this. Nothing is executed here, but the same
  /// file may be opened elsewhere. That a name is not listed proves nothing.
  var isSuspicious: Bool {
    if isFamiliar { return false }
    let package = ByteString(module.bytes.prefix { $0 != UInt8(ascii: ".") })
    return Self.dangerousPackages.contains(package)
      || ["torch.utils", "torch.hub", "torch.package"].contains { module.hasPrefix($0) }
      || module == "torch.serialization"
  }

  /// Modules that run code, start programs, or open files and connections.
  private static let dangerousPackages: Set<ByteString> = [
    "__builtin__", "_io", "_pickle", "asyncio", "bdb", "builtins", "cProfile", "code", "codeop", "commands", "ctypes",
    "dill", "distutils", "doctest", "ensurepip", "ftplib", "functools", "glob", "http", "idlelib", "imp", "importlib",
    "io", "joblib", "lib2to3", "linecache", "marshal", "multiprocessing", "nt", "ntpath", "operator", "os", "pathlib",
    "pdb", "pickle", "pickletools", "pip", "pkgutil", "popen2", "posix", "posixpath", "profile", "pty", "pydoc",
    "requests", "runpy", "setuptools", "shelve", "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl",
    "subprocess",
    "sys", "tempfile", "test", "threading", "timeit", "trace", "types", "urllib", "urllib2", "uuid", "venv",
    "webbrowser", "xmlrpc", "zipfile", "zipimport",
  ]
}
