/// One value of the file with its place: YAML without tags, anchors and types. Every scalar is text.
package struct YAMLValue: Sendable {
    package enum Content: Sendable {
        /// Nothing, `~` or `null`, not in quotes.
        case null
        case text(String)
        case list([YAMLValue])
        case mapping([Entry])
    }

    package struct Entry: Sendable {
        package let key: String
        package let keyPosition: TextPosition
        package let value: YAMLValue
    }

    package let position: TextPosition
    package let content: Content
    /// Values and keys in this value, itself included, each alias counted as what it stands for.
    let size: Int
    /// How many lists and mappings are nested here: 0 for text.
    let depth: Int

    init(position: TextPosition, content: Content) {
        self.position = position
        self.content = content
        switch content {
        case .null, .text:
            size = 1
            depth = 0
        case .list(let values):
            size = values.reduce(1) { $0 + $1.size }
            depth = 1 + (values.map(\.depth).max() ?? 0)
        case .mapping(let entries):
            size = entries.reduce(1) { $0 + 1 + $1.value.size }
            depth = 1 + (entries.map(\.value.depth).max() ?? 0)
        }
    }

    package var isNull: Bool {
        if case .null = content { true } else { false }
    }
}
