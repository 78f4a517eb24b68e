// swift-tools-version: 6.2
import PackageDescription

// Warnings stop the build where `make check` runs; a newer compiler's new warning does not stop anybody else.
let warnings: [SwiftSetting] =
  Context.environment["AESGRAD_WARNINGS"] == "error" ? [.treatAllWarnings(as: .error)] : []
let strict: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ] + warnings

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let hashes = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let database = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// Arrows point down only: a module may import what stands below it in this list, and nothing else.
let modules: [Target] = [
  .executableTarget(
    name: "aesgrad",
    dependencies: [
      "Aesthetic", "Diffusion", "Remote", "CLIPKit", "Raster", "TensorKit", "Files", "PocketModel", arguments, system,
    ],
    swiftSettings: strict),
  .target(
    name: "Aesthetic", dependencies: ["CLIPKit", "Raster", "TensorKit", "Files", database, system],
    swiftSettings: strict),
  .target(name: "Diffusion", dependencies: ["TensorKit", "Files", system], swiftSettings: strict),
  .target(name: "Remote", dependencies: ["Raster", "Files", system], swiftSettings: strict),
  .target(name: "CLIPKit", dependencies: ["Raster", "TensorKit", "Files", system], swiftSettings: strict),
  .target(name: "Raster", dependencies: ["CImageCodecs", "Files", system], swiftSettings: strict),
  .target(
    name: "TensorKit", dependencies: ["CKernels", "COneDNN", "COpenBLAS", "Files", system],
    swiftSettings: strict),
  .target(name: "Files", dependencies: [hashes, system], swiftSettings: strict),
  .target(
    name: "PocketModel", dependencies: [system], resources: [.copy("pocket"), .copy("galleries")],
    swiftSettings: strict),
]

let shims: [Target] = [
  .target(name: "CKernels"),
  .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
  .systemLibrary(name: "COpenBLAS"),
  .target(
    name: "CImageCodecs",
    linkerSettings: [
      .linkedLibrary("png"), .linkedLibrary("z"), .linkedLibrary("jpeg"), .linkedLibrary("webp"),
      .linkedLibrary("webpdemux"),
    ]),
]

let benchmarks: [Target] = [
  .executableTarget(
    name: "taste-benchmark",
    dependencies: ["Aesthetic", "CLIPKit", "Raster", "TensorKit", "Files", "PocketModel", arguments, system],
    path: "Benchmarks/Taste", exclude: ["scikit.py"], swiftSettings: strict),
  .executableTarget(
    name: "effect-benchmark", dependencies: ["Raster", "Files", arguments, system], path: "Benchmarks/Effect",
    swiftSettings: strict),
]

let tests: [Target] = [
  .target(
    name: "TestSupport", dependencies: ["TensorKit", "Files", system], path: "Tests/TestSupport", swiftSettings: strict),
  .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport", system], swiftSettings: strict),
  .testTarget(
    name: "TensorKitTests", dependencies: ["TensorKit", "CKernels", "Files", "TestSupport", system],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "RasterTests", dependencies: ["Raster", "Files", "TestSupport", system],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "CLIPKitTests", dependencies: ["CLIPKit", "Raster", "TensorKit", "Files", "TestSupport", system],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "DiffusionTests", dependencies: ["Diffusion", "TensorKit", "Files", "TestSupport", system],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "RemoteTests", dependencies: ["Remote", "Raster", "Files", "TestSupport", system], swiftSettings: strict),
  .testTarget(
    name: "AestheticTests",
    dependencies: ["Aesthetic", "CLIPKit", "Raster", "TensorKit", "Files", "TestSupport", database, system],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "PocketModelTests",
    dependencies: ["PocketModel", "Diffusion", "CLIPKit", "Raster", "TensorKit", "Files", "TestSupport", system],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "CommandTests", dependencies: ["Aesthetic", "Raster", "TensorKit", "Files", "TestSupport", database, system],
    exclude: ["Fixtures"], swiftSettings: strict),
]

let package = Package(
  name: "aesgrad",
  products: [.executable(name: "aesgrad", targets: ["aesgrad"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: modules + shims + benchmarks + tests
)
