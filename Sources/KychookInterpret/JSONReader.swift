internal import CSimdJSON
package import KychookModel

/// Checks JSON texts and reads the values at chosen places, one text after another, in memory that it reuses.
///
/// Owned by one thread.
package final class JSONReader {
    private let parser: OpaquePointer
    private var values: [kychook_json_value] = []

    package init() {
        guard let parser = kychook_json_create() else { preconditionFailure("no memory for a JSON parser") }
        self.parser = parser
    }

    deinit {
        kychook_json_destroy(parser)
    }

    /// What the text is as a whole.
    package enum Shape: Sendable {
        case object
        /// An array or a scalar.
        case other
        /// Not JSON, not UTF-8, or nested deeper than 255 levels.
        case invalid
    }

    /// Reads a text once.
    /// - Parameter look: gets the values found, by their index in `places`; they are valid only during the call.
    package func read<Result>(
        _ text: UnsafeRawBufferPointer,
        _ places: JSONPlaces,
        _ look: (Shape, Found) -> Result
    ) -> Result {
        let count = places.count
        if values.count < count {
            values = Array(repeating: kychook_json_value(), count: count)
        }
        let bytes = text.assumingMemoryBound(to: UInt8.self).baseAddress
        return values.withUnsafeMutableBufferPointer { values in
            let shape = kychook_json_extract(parser, bytes, text.count, places.paths, values.baseAddress, count)
            return look(Shape(shape), Found(values: UnsafeBufferPointer(rebasing: values[..<count])))
        }
    }

    /// The values of one text.
    package struct Found {
        fileprivate let values: UnsafeBufferPointer<kychook_json_value>

        /// The unescaped text of a string at a place; nil for anything else.
        package func string(_ index: Int) -> String? {
            values[index].kind == KYCHOOK_JSON_STRING ? text(index) : nil
        }

        /// The text of a string, a number as written, or `true` and `false`.
        package func scalar(_ index: Int) -> String? {
            switch values[index].kind {
            case KYCHOOK_JSON_STRING, KYCHOOK_JSON_NUMBER, KYCHOOK_JSON_BOOLEAN: text(index)
            default: nil
            }
        }

        /// The text of a string or of a number as written.
        func stringOrNumber(_ index: Int) -> String? {
            values[index].kind == KYCHOOK_JSON_NUMBER ? text(index) : string(index)
        }

        private func text(_ index: Int) -> String {
            let value = values[index]
            return String(decoding: UnsafeRawBufferPointer(start: value.text, count: value.length), as: UTF8.self)
        }
    }
}

extension JSONReader.Shape {
    fileprivate init(_ shape: kychook_json_shape) {
        switch shape {
        case KYCHOOK_JSON_OBJECT: self = .object
        case KYCHOOK_JSON_NOT_AN_OBJECT: self = .other
        default: self = .invalid
        }
    }
}

/// The places that one kind of reading asks for, in the form that the parser wants. Made once, used for every text.
///
/// Immutable after `init`, so it may be shared between threads.
package final class JSONPlaces: Sendable {
    package let pointers: [JSONPointer]
    /// The pointers as text.
    let names: [String]
    /// Proof for the `unsafe`: the memory is filled in `init`, only read afterwards, and freed in `deinit`.
    nonisolated(unsafe) fileprivate let paths: UnsafePointer<kychook_json_path>
    nonisolated(unsafe) private let owned: [UnsafeMutableRawPointer]

    package var count: Int { pointers.count }

    package init(_ pointers: [JSONPointer]) {
        self.pointers = pointers
        names = pointers.map(\.description)
        var owned: [UnsafeMutableRawPointer] = []
        let paths = UnsafeMutablePointer<kychook_json_path>.allocate(capacity: max(pointers.count, 1))
        owned.append(UnsafeMutableRawPointer(paths))
        for (index, pointer) in pointers.enumerated() {
            let count = pointer.tokens.count
            let tokens = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: max(count, 1))
            let lengths = UnsafeMutablePointer<Int>.allocate(capacity: max(count, 1))
            for (position, token) in pointer.tokens.enumerated() {
                let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: token.utf8.count + 1)
                for (offset, byte) in token.utf8.enumerated() { bytes[offset] = CChar(bitPattern: byte) }
                tokens[position] = UnsafePointer(bytes)
                lengths[position] = token.utf8.count
                owned.append(UnsafeMutableRawPointer(bytes))
            }
            paths[index] = kychook_json_path(tokens: tokens, lengths: lengths, count: count)
            owned += [UnsafeMutableRawPointer(tokens), UnsafeMutableRawPointer(lengths)]
        }
        self.paths = UnsafePointer(paths)
        self.owned = owned
    }

    deinit {
        for pointer in owned { pointer.deallocate() }
    }
}
