import KychookCorpus
import KychookHTTP

/// A request, or what follows a fixed head, gets the same verdict whole and cut in two.
struct RequestTarget: FuzzTarget {
    private let prefix: [UInt8]
    private let limits = RequestLimits(head: 512, body: 1024, target: 128)

    /// - Parameter prefix: a head that is given, so that only what follows it is fuzzed; may be empty.
    init(prefix: String) {
        self.prefix = Array(prefix.utf8)
    }

    var seeds: [[UInt8]] {
        guard !prefix.isEmpty else { return Corpus.all.map { [128] + $0.text } }
        let head = Corpus.chunked("").utf8.count
        return (Corpus.chunks + Corpus.trailers).map { [128] + $0.text.dropFirst(head) }
    }

    /// The first byte says where the rest is cut.
    func `try`(_ input: UnsafeRawBufferPointer) {
        guard let first = input.first else { return }
        let message = prefix + input.dropFirst()
        let cut = message.count * Int(first) / 256
        let whole = verdict(on: message, cut: message.count)
        precondition(verdict(on: message, cut: cut) == whole, "the verdict depends on a cut at \(cut)")
    }

    private struct Verdict: Equatable {
        var progress: ParseProgress
        var path: [UInt8] = []
        var body: [UInt8] = []
        var signature: [UInt8]?
    }

    private func verdict(on message: [UInt8], cut: Int) -> Verdict {
        // Of the exact size, so that the sanitizer sees a step beyond the end.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: message.count, alignment: 1)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: message)
        var parser = RequestParser()
        var progress = parser.parse(UnsafeMutableRawBufferPointer(rebasing: buffer[..<cut]), limits: limits)
        if progress == .incomplete { progress = parser.parse(buffer, limits: limits) }
        guard case .complete = progress else { return Verdict(progress: progress) }
        let request = parser.request(in: buffer)
        var signature: [UInt8]?
        if case .once(let value) = request.field("x-signature-sha256" as StaticString) { signature = bytes(value) }
        return Verdict(progress: progress, path: bytes(request.path), body: bytes(request.body), signature: signature)
    }

    private func bytes(_ span: Span<UInt8>) -> [UInt8] {
        span.withUnsafeBufferPointer { Array($0) }
    }
}
