/// The text of a percent-encoded part of a target; nil: a wrong escape, or no UTF-8.
func percentDecoded(_ text: some Sequence<UInt8>, plusIsBlank: Bool = false) -> String? {
    var bytes: [UInt8] = []
    var iterator = text.makeIterator()
    while let byte = iterator.next() {
        switch byte {
        case UInt8(ascii: "%"):
            let digits = [iterator.next().flatMap(digit), iterator.next().flatMap(digit)].compactMap(\.self)
            guard digits.count == 2 else { return nil }
            bytes.append(digits[0] << 4 | digits[1])
        case UInt8(ascii: "+") where plusIsBlank: bytes.append(UInt8(ascii: " "))
        default: bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

private func digit(_ byte: UInt8) -> UInt8? {
    Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
}

/// The parameters of a target, each at most once.
struct Query: Equatable {
    private var parameters: [String: String] = [:]

    /// nil: a wrong escape, or a parameter twice.
    init?(_ text: [UInt8]) {
        for item in text.split(separator: UInt8(ascii: "&")) {
            let pair = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = percentDecoded(pair[0], plusIsBlank: true),
                let value = percentDecoded(pair.count == 2 ? pair[1] : [], plusIsBlank: true),
                parameters.updateValue(value, forKey: name) == nil
            else { return nil }
        }
    }

    /// nil when it is absent or empty.
    subscript(name: String) -> String? {
        parameters[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
