/// The file's text made ready for Yams: checked, and with everything masked that Yams handles too generously.
///
/// Yams puts what an alias stands for into the tree. Nested aliases then make trees of any size and depth, which cost
/// unbounded time when they are compared and overflow the stack when they are freed. So the `*` of every alias is
/// replaced by a private-use character before Yams sees it: an alias becomes a plain scalar of the same length, every
/// mark stays right, and ``YAMLComposer`` resolves aliases itself, counting.
struct YAMLText {
    /// What stands for the `*` of an alias.
    static let aliasMark: Unicode.Scalar = "\u{E000}"
    /// What stands for the first character of a key that is a duplicate: one of its own for each.
    private static let duplicateMarks = 0xE001...0xE064 as ClosedRange<UInt32>

    private var scalars: [Unicode.Scalar]
    private var originals: [Unicode.Scalar: Unicode.Scalar] = [YAMLText.aliasMark: "*"]

    /// - Returns: nil after reporting what makes the bytes no text.
    init?(_ bytes: [UInt8], diagnostics: Diagnostics) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let repaired = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
            let position = repaired.firstIndex(of: "\u{FFFD}").map(repaired.position(of:))
            diagnostics.error("not UTF-8: save the file as UTF-8", at: position ?? TextPosition(line: 1, column: 1))
            return nil
        }
        scalars = Array(text.unicodeScalars)
        if let index = scalars.firstIndex(where: { !$0.isAllowedInConfiguration }) {
            let code = String(scalars[index].value, radix: 16, uppercase: true)
            let message = "the character U+\(code) may not stand here: remove it, or write it as an escape in quotes"
            diagnostics.error(message, at: scalars.position(of: index))
            return nil
        }
        maskAliases()
    }

    /// The text for Yams.
    var masked: String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    /// What stood in the file where Yams saw `text`.
    func unmasked(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { originals[$0] != nil }) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { originals[$0] ?? $0 }))
    }

    func character(at position: TextPosition) -> Unicode.Scalar? {
        scalars.index(of: position).map { scalars[$0] }
    }

    /// Makes the key at a place differ from every other, so that reading can go on behind a duplicate.
    /// - Returns: false when the key is none that can be masked.
    mutating func maskKey(at position: TextPosition) -> Bool {
        let mark = YAMLText.duplicateMarks.lowerBound + UInt32(originals.count - 1)
        guard YAMLText.duplicateMarks.contains(mark), let mask = Unicode.Scalar(mark),
            var index = scalars.index(of: position)
        else { return false }
        if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
        guard index < scalars.count, scalars[index].isAlphanumeric else { return false }
        originals[mask] = scalars[index]
        scalars[index] = mask
        return true
    }

    /// Replaces each `*` that could begin an alias. Those inside quoted or longer texts are put back by `unmasked`.
    private mutating func maskAliases() {
        // libyaml takes `?` in braces and brackets for the sign of a key, whatever follows.
        let mayPrecede = Set<Unicode.Scalar>([
            " ", "\t", "\n", "\r", "[", "{", ",", ":", "?", "\u{85}", "\u{2028}", "\u{2029}",
        ])
        for index in scalars.indices where scalars[index] == "*" {
            if index == 0 || mayPrecede.contains(scalars[index - 1]) { scalars[index] = YAMLText.aliasMark }
        }
    }
}

extension Unicode.Scalar {
    /// Letters and digits of ASCII.
    var isAlphanumeric: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }

    /// Neither a control character nor in the private-use block that the masks come from.
    fileprivate var isAllowedInConfiguration: Bool {
        switch value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85: true
        case 0...0x9F, 0xE000...0xF8FF, 0xFEFF, 0xFFFE, 0xFFFF: false
        default: true
        }
    }
}

extension [Unicode.Scalar] {
    /// The place of an index, with the line breaks that libyaml counts: LF, CR, CRLF, NEL, LS, PS.
    fileprivate func position(of index: Int) -> TextPosition {
        var position = TextPosition(line: 1, column: 1)
        for current in indices where current < index {
            if isLineBreak(at: current) {
                position = TextPosition(line: position.line + 1, column: 1)
            } else {
                position.column += 1
            }
        }
        return position
    }

    fileprivate func index(of position: TextPosition) -> Int? {
        var line = 1
        var index = 0
        while line < position.line, index < count {
            if isLineBreak(at: index) { line += 1 }
            index += 1
        }
        let (sum, overflow) = index.addingReportingOverflow(position.column - 1)
        return line == position.line && !overflow && indices.contains(sum) ? sum : nil
    }

    private func isLineBreak(at index: Int) -> Bool {
        switch self[index] {
        case "\r": index + 1 >= count || self[index + 1] != "\n"
        case "\n", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }
}
