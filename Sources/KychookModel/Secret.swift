/// Key material that does not print: not in descriptions, not in dumps, not in a crash's mirror.
package struct Secret: Sendable {
    private let bytes: [UInt8]

    /// - Parameter bytes: the secret itself, not empty.
    package init(bytes: [UInt8]) {
        precondition(!bytes.isEmpty, "an empty secret would accept everybody's signature")
        self.bytes = bytes
    }

    /// Lends the bytes; they must not be copied out of the closure into anything that prints or lives on.
    package func withBytes<Result, Failure: Error>(
        _ body: ([UInt8]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }

    package static let mask = "***"
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { Secret.mask }
    package var debugDescription: String { Secret.mask }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
