/// A text as YAML: plain where nothing could misread it, else in double quotes.
func yaml(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy { $0.isAlphanumeric || "/._-".unicodeScalars.contains($0) }
    let canBegin = text.unicodeScalars.first.map { $0.isAlphanumeric || $0 == "/" } ?? false
    if isPlain, canBegin, text.lowercased() != "null" { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": quoted += "\\\""
        case "\\": quoted += "\\\\"
        case _ where scalar.isPrintable: quoted.unicodeScalars.append(scalar)
        default:
            let digits = String(scalar.value, radix: 16)
            quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        }
    }
    return quoted + "\""
}

/// `[ a, b ]`
func yamlList(_ values: [String]) -> String {
    values.isEmpty ? "[]" : "[ \(values.joined(separator: ", ")) ]"
}

/// `{ key: value, … }` of values that are YAML already; nil values are left out.
func yamlMapping(_ pairs: KeyValuePairs<String, String?>) -> String {
    yamlMapping(pairs.map { ($0.key, $0.value) })
}

func yamlMapping(_ pairs: [(String, String?)]) -> String {
    let given = pairs.compactMap { key, value in value.map { "\(yaml(key)): \($0)" } }
    return given.isEmpty ? "{}" : "{ \(given.joined(separator: ", ")) }"
}

extension Unicode.Scalar {
    /// What YAML and terminals show as it is; private use stays out because reading refuses it.
    fileprivate var isPrintable: Bool {
        switch value {
        case 0...0x1F, 0x7F...0xA0, 0x2028...0x2029, 0xE000...0xF8FF, 0xFEFF, 0xFFFE...0xFFFF: false
        default: true
        }
    }
}
