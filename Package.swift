// swift-tools-version: 6.2

import PackageDescription

/// Every own Swift target is built with these: strict language mode, explicit imports, no warning survives.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

func swiftTarget(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func testTarget(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(name: name + "Tests", dependencies: [.init(stringLiteral: name)] + dependencies, swiftSettings: strict)
}

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "kychook",
    products: [.executable(name: "kychook", targets: ["kychook"])],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        // C: one importer each.
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),

        // Words.
        swiftTarget("KychookModel"),

        // Codecs: bytes in, values out. No sockets, no files, no clock.
        swiftTarget("KychookHTTP"),
        swiftTarget("KychookCrypto", ["COpenSSL"]),
        swiftTarget("KychookVerify", ["KychookModel", "KychookCrypto"]),
        swiftTarget("KychookInterpret", ["KychookModel", "KychookCrypto", "CSimdJSON"]),

        // Effects.
        swiftTarget("KychookLinux", ["CLinux"]),
        swiftTarget("KychookNet", ["KychookHTTP", "KychookCrypto", "KychookLinux"]),
        swiftTarget("KychookClient", ["CCurl", "KychookLinux"]),
        swiftTarget("KychookStore", ["KychookModel", "KychookCrypto", "KychookLinux", "CSQLite", grdb, sqlite]),
        swiftTarget(
            "KychookSinks",
            ["KychookModel", "KychookVerify", "KychookLinux", "KychookClient", subprocess, system]
        ),
        swiftTarget("KychookBitGo", ["KychookModel", "KychookLinux", "KychookClient"]),
        swiftTarget(
            "KychookConfig",
            ["KychookModel", "KychookCrypto", "KychookLinux", "KychookVerify", "KychookClient", "KychookBitGo", yams]
        ),

        // Assembly.
        swiftTarget(
            "KychookServer",
            [
                "KychookModel", "KychookHTTP", "KychookCrypto", "KychookVerify", "KychookInterpret", "KychookLinux",
                "KychookNet", "KychookClient", "KychookStore", "KychookSinks", "KychookBitGo", "KychookConfig", logging,
            ]
        ),
        swiftTarget(
            "KychookSandbox",
            [
                "KychookModel", "KychookHTTP", "KychookCrypto", "KychookLinux", "KychookNet", "KychookClient",
                "KychookBitGo", "KychookConfig", grdb,
            ]
        ),
        .executableTarget(
            name: "kychook",
            dependencies: [
                "KychookModel", "KychookCrypto", "KychookVerify", "KychookInterpret", "KychookLinux", "KychookClient",
                "KychookStore", "KychookBitGo", "KychookConfig", "KychookServer", "KychookSandbox", arguments, logging,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "kychook-bench",
            dependencies: [
                "KychookModel", "KychookHTTP", "KychookCrypto", "KychookVerify", "KychookInterpret", "KychookLinux",
                "KychookNet", "KychookStore", "KychookBitGo", "KychookCorpus", arguments,
            ],
            swiftSettings: strict
        ),

        // Tests: one bundle per target, and the built binary over real sockets.
        .target(
            name: "KychookTesting",
            dependencies: ["KychookModel", "KychookCrypto", "KychookLinux", "KychookStore", grdb],
            path: "Tests/KychookTesting",
            swiftSettings: strict
        ),
        .target(name: "KychookCorpus", path: "Tests/KychookCorpus", swiftSettings: strict),
        testTarget("KychookModel"),
        testTarget("KychookHTTP", ["KychookModel", "KychookCorpus", "KychookTesting"]),
        testTarget("KychookCrypto", ["KychookModel", "KychookTesting"]),
        testTarget("KychookVerify", ["KychookModel", "KychookCrypto", "KychookBitGo"]),
        testTarget("KychookInterpret", ["KychookModel", "KychookBitGo"]),
        testTarget("KychookLinux", ["KychookTesting"]),
        testTarget("KychookNet", ["KychookCorpus", "KychookHTTP", "KychookCrypto", "KychookLinux", "KychookTesting"]),
        testTarget("KychookClient", ["KychookTesting"]),
        testTarget("KychookStore", ["KychookModel", "KychookCrypto", "KychookLinux", "KychookTesting", grdb]),
        testTarget(
            "KychookSinks",
            ["KychookModel", "KychookInterpret", "KychookTesting", "KychookLinux", "KychookClient", "KychookVerify"]
        ),
        testTarget(
            "KychookBitGo",
            ["KychookModel", "KychookCrypto", "KychookLinux", "KychookClient", "KychookTesting"]
        ),
        testTarget("KychookConfig", ["KychookModel", "KychookBitGo", "KychookTesting", "KychookLinux"]),
        testTarget(
            "KychookServer",
            [
                "KychookModel", "KychookCrypto", "KychookInterpret", "KychookStore", "KychookBitGo", "KychookConfig",
                "KychookNet", "KychookClient", "KychookSinks", "KychookTesting", "KychookLinux", "KychookVerify",
                logging,
            ]
        ),
        testTarget(
            "KychookSandbox",
            [
                "KychookModel", "KychookCrypto", "KychookLinux", "KychookNet", "KychookBitGo", "KychookClient",
                "KychookConfig", "KychookHTTP", "KychookTesting", grdb,
            ]
        ),
        .testTarget(
            name: "KychookSystemTests",
            dependencies: [
                "kychook", "kychook-bench", "KychookTesting", "KychookModel", "KychookCrypto", "KychookLinux",
            ],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

// The fuzzer's runtime brings a main of its own, so only deploy/fuzz builds this.
if Context.environment["KYCHOOK_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "KychookFuzz",
            dependencies: [
                "KychookModel", "KychookHTTP", "KychookVerify", "KychookInterpret", "KychookLinux", "KychookBitGo",
                "KychookConfig", "KychookCorpus",
            ],
            path: "Tests/KychookFuzz",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]
        )
    )
}
