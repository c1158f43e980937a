import KychookModel

/// Text of the file to typed values; each reports what it refuses and returns nil.
extension Diagnostics {
    func text(_ value: YAMLValue, named name: String) -> String? {
        guard case .text(let text) = value.content else {
            error("\(name) must be text", at: value.position)
            return nil
        }
        guard !text.unicodeScalars.contains("\0") else {
            error("\(name) may not hold a zero byte", at: value.position)
            return nil
        }
        return text
    }

    /// Text that is not empty.
    package func word(_ value: YAMLValue, named name: String) -> String? {
        guard let text = text(value, named: name) else { return nil }
        guard !text.isEmpty else {
            error("\(name) is empty: give a value or remove the key", at: value.position)
            return nil
        }
        return text
    }

    /// A list; a single value counts as a list of one. An empty list is an error.
    package func list(_ value: YAMLValue, named name: String) -> [YAMLValue] {
        guard case .list(let values) = value.content else { return [value] }
        if values.isEmpty { error("\(name) is an empty list: give a value or remove the key", at: value.position) }
        return values
    }

    func boolean(_ value: YAMLValue, named name: String) -> Bool? {
        guard let text = text(value, named: name) else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            error("\(name) must be true or false, not \(quoted(text))", at: value.position)
            return nil
        }
    }

    package func integer(_ value: YAMLValue, named name: String, in range: ClosedRange<Int>) -> Int? {
        number(value, named: name, "a whole number", in: range, read: Int.init(configuration:), show: \.description)
    }

    package func number(_ value: YAMLValue, named name: String, in range: ClosedRange<Double>) -> Double? {
        number(value, named: name, "a number", in: range, read: Double.init(configuration:), show: \.inConfiguration)
    }

    package func duration(_ value: YAMLValue, named name: String, in range: ClosedRange<Duration>) -> Duration? {
        let form = "a duration like 250ms, 5s or 1h30m"
        return number(
            value,
            named: name,
            form,
            in: range,
            read: Duration.init(configuration:),
            show: \.inConfiguration
        )
    }

    func size(_ value: YAMLValue, named name: String, in range: ClosedRange<ByteCount>) -> ByteCount? {
        let form = "a size like 512B, 64KiB, 1MiB or 2GiB"
        return number(value, named: name, form, in: range, read: ByteCount.init(configuration:), show: \.description)
    }

    /// One of an enumeration's words.
    package func choice<Choice>(_ value: YAMLValue, named name: String) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let text = text(value, named: name) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        let message = "\(name) must be \(alternatives(words)), not \(quoted(text))"
        error(message + didYouMean(text, among: words), at: value.position)
        return nil
    }

    private func number<Number: Comparable>(
        _ value: YAMLValue,
        named name: String,
        _ form: String,
        in range: ClosedRange<Number>,
        read: (String) -> Number?,
        show: (Number) -> String
    ) -> Number? {
        guard let text = text(value, named: name) else { return nil }
        guard let number = read(text) else {
            error("\(name) must be \(form), not \(quoted(text))", at: value.position)
            return nil
        }
        guard range.contains(number) else {
            let bounds = "from \(show(range.lowerBound)) to \(show(range.upperBound))"
            error("\(name) must be \(bounds), not \(quoted(text))", at: value.position)
            return nil
        }
        return number
    }
}

/// `: did you mean approved?`, or nothing when no known word is near.
package func didYouMean(_ word: String, among known: some Sequence<String>) -> String {
    guard word.utf8.count <= 128, let likely = likelyWord(for: word, among: known) else { return "" }
    return ": did you mean \(likely)?"
}
