import Glibc

/// What libFuzzer calls, once for every input; which of the targets is chosen by `KYCHOOK_FUZZ_TARGET`.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    target.try(UnsafeRawBufferPointer(start: count > 0 ? start : nil, count: count))
    return 0
}

/// Called before the inputs are looked for: writes what to begin with into the directory `KYCHOOK_FUZZ_SEEDS`.
@_cdecl("LLVMFuzzerInitialize")
func initialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>>>
) -> CInt {
    guard let directory = getenv("KYCHOOK_FUZZ_SEEDS").map({ String(cString: $0) }) else { return 0 }
    for (number, seed) in target.seeds.enumerated() {
        guard let file = fopen("\(directory)/seed-\(number)", "w") else { fatalError("cannot write into \(directory)") }
        fwrite(seed, 1, seed.count, file)
        fclose(file)
    }
    return 0
}

/// One reader of strangers' bytes. What must hold of every input is a precondition in it.
protocol FuzzTarget {
    var seeds: [[UInt8]] { get }
    func `try`(_ input: UnsafeRawBufferPointer)
}

/// libFuzzer has one thread.
nonisolated(unsafe) private let target: any FuzzTarget = {
    let name = getenv("KYCHOOK_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    switch name {
    case "request": return RequestTarget(prefix: "")
    case "chunks": return RequestTarget(prefix: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    case "signature": return SignatureTarget()
    case "configuration": return ConfigurationTarget()
    case "body": return BodyTarget()
    default: fatalError("KYCHOOK_FUZZ_TARGET is request, chunks, signature, configuration or body")
    }
}()
