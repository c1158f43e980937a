import KychookModel
import KychookVerify

extension Secret {
    init(text: String) {
        self.init(bytes: Array(text.utf8))
    }
}

extension [Secret] {
    init(_ texts: String...) {
        self = texts.map(Secret.init(text:))
    }
}

extension Verifier {
    /// Judges a request with these headers, each of which stands in it once.
    func judge(
        _ body: String,
        now: Timestamp = Timestamp(milliseconds: 0),
        _ headers: [String: String]
    ) -> Verdict {
        judge(Array(body.utf8), now: now, headers)
    }

    func judge(_ body: [UInt8], now: Timestamp, _ headers: [String: String]) -> Verdict {
        let memory = headers.mapValues { text in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
            copy.copyBytes(from: text.utf8)
            return copy
        }
        defer { memory.values.forEach { $0.deallocate() } }
        return body.withUnsafeBytes { body in
            verify(body: body, now: now) { name in
                memory[name].map { .once(UnsafeRawBufferPointer($0)) } ?? .absent
            }
        }
    }
}
