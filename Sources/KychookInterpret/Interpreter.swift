package import KychookModel

/// What does this body say? One source's fields and types, ready to be looked up.
///
/// Never fails: what cannot be read becomes an `uninterpreted` event (design, section 3). Immutable; the reader, which
/// is not, comes with each call.
package struct Interpreter: Sendable {
    private let types: [String: EventType]
    private let places: JSONPlaces
    private let type: [Candidate]
    private let time: [Candidate]
    private let key: [Candidate]
    private let enterprise: [Candidate]
    private let organization: [Candidate]
    private let subject: [Subject.Kind: [Candidate]]
    private let status: [Subject.Kind: [Candidate]]

    /// A place to look: an index into `places`, or a header that the signature covers.
    private enum Candidate {
        case body(Int)
        case header(String)
    }

    package init(preset: SourcePreset) {
        var pointers: [JSONPointer] = []
        let fields = preset.fields

        /// Each name at the top level, then in every envelope, before the next name: a precise name inside `data`
        /// says more than a vague one beside it.
        func candidates(_ places: [FieldMap.Place]) -> [Candidate] {
            places.flatMap { place -> [Candidate] in
                switch place {
                case .header(let name): return [.header(name)]
                case .body(let pointer):
                    let inside = fields.envelopes.map { JSONPointer(tokens: [$0] + pointer.tokens) }
                    return ([pointer] + inside).map { pointer in
                        let index = pointers.firstIndex(of: pointer) ?? pointers.count
                        if index == pointers.count { pointers.append(pointer) }
                        return .body(index)
                    }
                }
            }
        }
        type = candidates(fields.type)
        time = candidates(fields.time)
        key = candidates(fields.key)
        enterprise = candidates(fields.enterprise)
        organization = candidates(fields.organization)
        subject = fields.subject.mapValues { candidates($0) }
        status = Dictionary(
            uniqueKeysWithValues: Subject.Kind.allCases.map { kind in
                (kind, candidates((fields.statusByKind[kind] ?? []) + fields.status))
            }
        )
        places = JSONPlaces(pointers)
        types = Dictionary(preset.types.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Reads a genuine body.
    /// - Parameters:
    ///   - urlType: the TYPE segment of the path, if it had one. It counts only when the source lists it.
    ///   - header: the value of a signed header, by lower-case name.
    package func interpret(
        _ body: UnsafeRawBufferPointer,
        urlType: String?,
        header: (String) -> String?,
        reader: JSONReader
    ) -> Interpretation {
        reader.read(body, places) { shape, found in
            withoutActuallyEscaping(header) { header in
                interpret(shape, Lookup(found: found, places: places, header: header), urlType: urlType)
            }
        }
    }

    private func interpret(_ shape: JSONReader.Shape, _ lookup: Lookup, urlType: String?) -> Interpretation {
        guard shape == .object else {
            return .uninterpreted(shape == .invalid ? .notJSON : .notAnObject, key: lookup.text(key))
        }
        let listed = urlType.flatMap { types[$0] }
        let inBody = lookup.text(type)
        let name = listed?.name ?? inBody
        var result = Interpretation(
            type: name ?? Interpretation.uninterpretedType,
            enterprise: lookup.text(enterprise),
            organization: lookup.text(organization),
            time: lookup.time(time),
            key: lookup.text(key)
        )
        guard let name else { return result.uninterpreted(.noType) }
        if let inBody, inBody != name { return result.uninterpreted(.typeConflict) }
        guard let kind = types[name]?.subject else { return result }
        guard let id = lookup.text(subject[kind] ?? [], numbers: true) else {
            return result.uninterpreted(.noSubject)
        }
        guard let status = lookup.text(status[kind] ?? []) else { return result.uninterpreted(.noStatus) }
        result.subject = Subject(kind: kind, id: id)
        result.status = status
        return result
    }

    /// One body's values, first candidate wins.
    private struct Lookup {
        let found: JSONReader.Found
        let places: JSONPlaces
        let header: (String) -> String?

        /// The first candidate that holds usable text: 1–256 bytes without control characters. Longer or stranger ones
        /// could not be shown, passed to a hook or put into a key as they are.
        func text(_ candidates: [Candidate], numbers: Bool = false) -> String? {
            first(candidates) { candidate in
                switch candidate {
                case .body(let index): numbers ? found.stringOrNumber(index) : found.string(index)
                case .header(let name): header(name)
                }
            }
        }

        private func first(_ candidates: [Candidate], _ value: (Candidate) -> String?) -> String? {
            for candidate in candidates {
                if let text = value(candidate), text.isUsable { return text }
            }
            return nil
        }

        func time(_ candidates: [Candidate]) -> Interpretation.ProviderTime? {
            for candidate in candidates {
                guard let text = first([candidate], { self.text([$0], numbers: true) }),
                    let moment = Timestamp(rfc3339: text) ?? Timestamp(epoch: text)
                else { continue }
                return Interpretation.ProviderTime(moment: moment, field: name(of: candidate))
            }
            return nil
        }

        private func name(of candidate: Candidate) -> String {
            switch candidate {
            case .body(let index): places.names[index]
            case .header(let name): "header:\(name)"
            }
        }
    }
}

extension Interpretation {
    fileprivate static func uninterpreted(_ problem: Problem, key: String?) -> Interpretation {
        Interpretation(type: uninterpretedType, problem: problem, key: key)
    }

    fileprivate func uninterpreted(_ problem: Problem) -> Interpretation {
        var copy = self
        copy.type = Interpretation.uninterpretedType
        copy.problem = problem
        return copy
    }
}

extension String {
    fileprivate var isUsable: Bool {
        guard (1...256).contains(utf8.count) else { return false }
        var text = self
        return text.withUTF8 { bytes in
            var previous: UInt8 = 0
            for byte in bytes {
                // U+0080 to U+009F are control characters too: 0xC2 and a byte below 0xA0.
                guard byte >= 0x20, byte != 0x7F, previous != 0xC2 || byte >= 0xA0 else { return false }
                previous = byte
            }
            return true
        }
    }
}

extension Timestamp {
    /// Seconds (9–10 digits) or milliseconds (12–13 digits) since 1970: other lengths are no plausible times.
    fileprivate init?(epoch text: String) {
        guard let number = Int64(text), text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") }) else { return nil }
        switch text.utf8.count {
        case 9...10: self.init(milliseconds: number * 1000)
        case 12...13: self.init(milliseconds: number)
        default: return nil
        }
    }
}
