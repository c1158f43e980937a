import Yams

/// Text to values: the only file that knows Yams.
package struct YAMLComposer {
    static let sizeLimitInBytes = 1 << 20
    static let depthLimit = 64
    static let aliasLimit = 100
    /// Values and keys, each alias counted as what it stands for.
    static let nodeLimit = 50_000

    private let diagnostics: Diagnostics
    private var text: YAMLText
    private var anchors: [String: YAMLValue] = [:]
    private var aliases = 0
    private var nodes = 0

    /// A limit was passed: reported already, and the rest of the file is not worth reading.
    private struct Stopped: Error {}

    /// - Returns: nil after reporting why there is no tree. Where only some places are wrong they are reported and the
    ///   rest of the tree is returned, so that the other sections get their errors too.
    package static func compose(_ bytes: [UInt8], diagnostics: Diagnostics) -> YAMLValue? {
        guard bytes.count <= sizeLimitInBytes else {
            diagnostics.error("the file is larger than 1MiB, the most that is read", at: nil)
            return nil
        }
        guard let text = YAMLText(bytes, diagnostics: diagnostics) else { return nil }
        var composer = YAMLComposer(diagnostics: diagnostics, text: text)
        return try? composer.compose()
    }

    private init(diagnostics: Diagnostics, text: YAMLText) {
        self.diagnostics = diagnostics
        self.text = text
    }

    private mutating func compose() throws(Stopped) -> YAMLValue {
        while true {
            do {
                // The parser owns the anchors' names, which nodes hold weakly: it must outlive the conversion.
                let parser = try Parser(yaml: text.masked, resolver: .basic, encoding: .utf8)
                return try withExtendedLifetime(parser) {
                    guard let root = try parser.singleRoot() else {
                        return YAMLValue(position: TextPosition(line: 1, column: 1), content: .null)
                    }
                    return try value(of: root, depth: 0)
                }
            } catch let error as YamlError {
                try recover(from: error)
            } catch {
                throw Stopped()
            }
        }
    }

    // MARK: - Nodes

    private mutating func value(of node: Node, depth: Int) throws(Stopped) -> YAMLValue {
        let position = TextPosition(node.mark)
        if let alias = aliasedName(node) { return try resolve(alias: alias, at: position, depth: depth) }
        try count(1, depth: node.scalar == nil ? depth + 1 : depth, at: position)
        checkTag(of: node, at: position)
        let value: YAMLValue
        switch node {
        case .scalar(let scalar):
            value = YAMLValue(position: position, content: content(of: scalar, at: position))
        case .sequence(let sequence):
            var values: [YAMLValue] = []
            for element in sequence { values.append(try self.value(of: element, depth: depth + 1)) }
            value = YAMLValue(position: position, content: .list(values))
        case .mapping(let mapping):
            value = YAMLValue(position: position, content: .mapping(try entries(of: mapping, depth: depth + 1)))
        case .alias:
            value = YAMLValue(position: position, content: .null)
        }
        if let anchor = node.anchor { anchors[anchor.rawValue] = value }
        return value
    }

    private func content(of scalar: Node.Scalar, at position: TextPosition) -> YAMLValue.Content {
        let string = text.unmasked(scalar.string)
        guard scalar.style == .plain else { return .text(string) }
        if scalar.string.unicodeScalars.first == YAMLText.aliasMark {
            // The text is not shown: it could be a secret.
            diagnostics.error("a text that starts with * must stand in quotes", at: position)
        }
        return ["", "~", "null", "Null", "NULL"].contains(string) ? .null : .text(string)
    }

    private mutating func entries(of mapping: Node.Mapping, depth: Int) throws(Stopped) -> [YAMLValue.Entry] {
        var entries: [YAMLValue.Entry] = []
        var lines: [String: Int] = [:]
        for (keyNode, valueNode) in mapping {
            let key = try value(of: keyNode, depth: depth)
            let value = try value(of: valueNode, depth: depth)
            guard case .text(let name) = key.content else {
                diagnostics.error("a key must be text", at: key.position)
                continue
            }
            if let line = lines[name] {
                let message =
                    "the key \(quoted(name)) stands here a second time: keep this one or the one in line \(line)"
                diagnostics.error(message, at: key.position)
                continue
            }
            lines[name] = key.position.line
            entries.append(YAMLValue.Entry(key: name, keyPosition: key.position, value: value))
        }
        return entries
    }

    private func checkTag(of node: Node, at position: TextPosition) {
        let known = ["", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"]
        if !known.contains(tag(of: node).description) {
            diagnostics.error(
                "tags (words that start with !) mean nothing here: remove it, or put quotes around the text",
                at: position
            )
        }
    }

    private func tag(of node: Node) -> Tag {
        switch node {
        case .scalar(let scalar): scalar.tag
        case .mapping(let mapping): mapping.tag
        case .sequence(let sequence): sequence.tag
        case .alias(let alias): alias.tag
        }
    }

    // MARK: - Aliases and limits

    private func aliasedName(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node, scalar.style == .plain,
            scalar.string.unicodeScalars.first == YAMLText.aliasMark
        else { return nil }
        let name = scalar.string.unicodeScalars.dropFirst()
        // As libyaml reads the name of an anchor.
        guard !name.isEmpty, name.allSatisfy({ $0.isAlphanumeric || $0 == "_" || $0 == "-" }) else { return nil }
        return String(name)
    }

    private mutating func resolve(alias: String, at position: TextPosition, depth: Int) throws(Stopped) -> YAMLValue {
        aliases += 1
        guard aliases <= YAMLComposer.aliasLimit else {
            throw stop("more than \(YAMLComposer.aliasLimit) aliases: write some values out", at: position)
        }
        guard let value = anchors[alias] else {
            // Without the name: an unquoted secret could start with *.
            diagnostics.error(
                "this alias names no earlier anchor: define it, or put quotes around a text that starts with *",
                at: position
            )
            try count(1, depth: depth, at: position)
            return YAMLValue(position: position, content: .text("*\(alias)"))
        }
        try count(value.size, depth: depth + value.depth, at: position)
        return YAMLValue(position: position, content: value.content)
    }

    private mutating func count(_ size: Int, depth: Int, at position: TextPosition) throws(Stopped) {
        nodes += size
        guard nodes <= YAMLComposer.nodeLimit else {
            throw stop(
                "more than \(YAMLComposer.nodeLimit) values, aliases counted as what they stand for",
                at: position
            )
        }
        guard depth <= YAMLComposer.depthLimit else { throw stop(YAMLComposer.tooDeep, at: position) }
    }

    private static let tooDeep = "lists and mappings are nested more than \(depthLimit) levels deep"

    private func stop(_ message: String, at position: TextPosition) -> Stopped {
        diagnostics.error(message, at: position)
        return Stopped()
    }

    // MARK: - What Yams refuses

    /// Masks a duplicate key and returns, so that composing is tried again, or reports and throws.
    ///
    /// Yams' own texts are not used: they show the line, which may hold a secret.
    private mutating func recover(from error: YamlError) throws(Stopped) {
        switch error {
        case .duplicatedKeysInMapping(_, let context):
            let position = TextPosition(context.mark)
            if !text.maskKey(at: position) {
                throw stop("this key stands twice in one mapping: remove one", at: position)
            }
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            throw stop(syntaxMessage(problem, context?.text, TextPosition(mark)), at: TextPosition(mark))
        case .composer(_, _, let mark, _):
            throw stop("a configuration is one document: remove everything from here on", at: TextPosition(mark))
        default:
            throw stop("not readable as YAML", at: TextPosition(line: 1, column: 1))
        }
    }

    private func syntaxMessage(_ problem: String, _ context: String?, _ position: TextPosition) -> String {
        // libyaml's own limit, 1000 levels, is met before ours when nothing closes in between.
        if problem.hasPrefix("Maximum nesting level") { return YAMLComposer.tooDeep }
        switch text.character(at: position) {
        case "\t": return "not YAML: a tab may not stand here, indent with blanks"
        case "@", "`", "%": return "not YAML: put quotes around a text that starts with @, ` or %"
        default: return "not YAML: \(problem)\(context.map { " " + $0 } ?? "")"
        }
    }
}

extension TextPosition {
    fileprivate init(_ mark: Mark?) {
        self.init(line: mark?.line ?? 1, column: mark?.column ?? 1)
    }
}
