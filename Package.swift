// swift-tools-version: 6.2
// The kernel's portable modules as host libraries, for their tests; the host command; all tests. The kernel itself is
// built by make: SwiftPM cannot link it.

import PackageDescription

let settings: [SwiftSetting] = [
  .enableExperimentalFeature("Extern"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// One module of the kernel.
func kernel(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Kernel/\(path)", swiftSettings: settings)
}

/// The tests of one module.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, path: "Tests/\(name)",
    swiftSettings: [.enableExperimentalFeature("Lifetimes"), .treatAllWarnings(as: .error)])
}

let package = Package(
  name: "swiftlet",
  products: [
    .executable(name: "swiftlet", targets: ["swiftlet"]), .executable(name: "swiftlet-bench", targets: ["swiftlet-bench"]),
  ],
  dependencies: [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")],
  targets: [
    kernel("Bytes", "Machine/Bytes"),
    kernel("Base", "Base", ["Bytes"]),
    kernel("ABI", "ABI"),
    kernel("Archive", "Archive", ["Base", "Bytes"]),
    kernel("Settings", "Settings", ["Base", "Bytes"]),
    kernel("Net", "Net", ["Base", "Bytes"]),
    kernel("HTTP", "HTTP", ["Base", "Bytes"]),
    kernel("JSON", "JSON", ["Base", "Bytes"]),
    .target(name: "CDriverSupport", path: "Kernel/Drivers/CDriverSupport"),
    .target(
      name: "Drivers", dependencies: ["Base", "Bytes", "CDriverSupport"], path: "Kernel/Drivers",
      exclude: ["CDriverSupport"], swiftSettings: settings),
    kernel("Actions", "Actions", ["ABI", "Base", "Bytes"]),
    kernel("Entities", "Entities", ["JSON", "Actions", "ABI", "Base", "Bytes"]),
    kernel("Records", "Records", ["Entities", "JSON", "Actions", "ABI", "Base", "Bytes"]),
    kernel("API", "API", ["Entities", "Records", "HTTP", "JSON", "Actions", "ABI", "Base", "Bytes"]),
    kernel("Web", "Web", ["API", "Entities", "Records", "HTTP", "JSON", "Actions", "ABI", "Base", "Bytes"]),
    kernel(
      "Server", "Server", ["Web", "API", "Entities", "Records", "Archive", "HTTP", "JSON", "Net", "Actions", "ABI", "Base", "Bytes"]),

    .target(name: "HostSupport", path: "CLI/HostSupport"),
    .target(
      name: "SwiftletHost", dependencies: ["HostSupport", "Actions", "Bytes"], path: "CLI/SwiftletHost", swiftSettings: settings),
    .executableTarget(
      name: "swiftlet",
      dependencies: ["SwiftletHost", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "CLI/swiftlet", swiftSettings: settings),
    .executableTarget(
      name: "swiftlet-bench",
      dependencies: ["SwiftletHost", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "CLI/bench", exclude: ["Core", "Load", "Server", "System", "Peers", "build.mk"], swiftSettings: settings),
    .target(name: "BenchCore", path: "CLI/bench/Core"),

    tests("BytesTests", ["Bytes"]),
    tests("BaseTests", ["Base", "Bytes"]),
    tests("ABITests", ["ABI"]),
    tests("ArchiveTests", ["Archive", "Base", "Bytes"]),
    tests("SettingsTests", ["Settings", "Base", "Bytes"]),
    tests("NetTests", ["Net", "Base", "Bytes"]),
    tests("HTTPTests", ["HTTP", "Base", "Bytes"]),
    tests("JSONTests", ["JSON", "Invariants", "Base", "Bytes"]),
    .target(
      name: "Invariants", dependencies: ["Entities", "Actions", "Archive", "HTTP", "JSON", "ABI", "Base", "Bytes"],
      path: "Tests/Fuzz/Invariants", swiftSettings: settings),
    tests("InvariantsTests", ["Invariants"]),
    tests("DriversTests", ["Drivers", "Base", "Bytes"]),
    tests("ActionsTests", ["Actions", "ABI", "Base", "Bytes"]),
    tests("EntitiesTests", ["Entities", "JSON", "Actions", "Base", "Bytes"]),
    .target(name: "Exposition", path: "Tests/Exposition", swiftSettings: settings),
    tests("RecordsTests", ["Records", "Exposition", "Entities", "Actions", "Base", "Bytes"]),
    tests("APITests", ["API", "Entities", "Records", "HTTP", "Actions", "Base", "Bytes"]),
    tests("WebTests", ["Web", "API", "Records", "HTTP", "JSON", "Base", "Bytes"]),
    tests(
      "ServerTests",
      ["Server", "API", "Entities", "Records", "Exposition", "Invariants", "HTTP", "JSON", "Net", "Actions", "ABI", "Base", "Bytes"]),
    .target(name: "BrokenELF", path: "Tests/Actions/BrokenELF", swiftSettings: settings),
    tests("UserlandTests", ["BrokenELF", "Actions", "Bytes"]),
    tests("CLITests", ["SwiftletHost", "swiftlet"]),
    tests("BenchTests", ["BenchCore"]),
    tests("SystemTests", ["SwiftletHost", "BrokenELF", "Exposition"]),
  ],
  swiftLanguageModes: [.v6]
)
