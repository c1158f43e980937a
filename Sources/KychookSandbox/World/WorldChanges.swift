import FoundationEssentials
import KychookBitGo
import KychookModel

/// One saved object: its kind, its identifier, and itself as JSON; nil: it is gone.
struct SavedRow: Equatable, Sendable {
    var kind: String
    var id: String
    var json: [UInt8]?
}

/// What a world has beside its objects.
struct WorldState: Codable {
    var generator: SeededGenerator
    var lastMoment: Timestamp
}

/// Of which kind a row is; the raw values are in files.
enum RowKind: String, CaseIterable {
    case identity, business, document, file, webhook, secret, enterprise, user, child, notification, world
}

extension World {
    /// What has changed since the last call.
    mutating func takeChanges() throws -> [SavedRow] {
        var rows: [SavedRow] = []
        try rows.append(.identity, identities.takeChanges())
        try rows.append(.business, businesses.takeChanges())
        try rows.append(.document, documents.takeChanges())
        try rows.append(.file, files.takeChanges())
        try rows.append(.webhook, webhooks.takeChanges())
        try rows.append(.secret, secrets.takeChanges())
        try rows.append(.enterprise, enterprises.takeChanges())
        try rows.append(.user, users.takeChanges())
        try rows.append(.child, children.takeChanges())
        try rows.append(.notification, log.takeChanges())
        try rows.append(.world, [("", WorldState(generator: generator, lastMoment: lastMoment))])
        return rows
    }

    /// Whether there is anything to save.
    func isChanged(since old: World) -> Bool {
        generator != old.generator || identities.isChanged || businesses.isChanged || documents.isChanged
            || files.isChanged || webhooks.isChanged || secrets.isChanged || enterprises.isChanged || users.isChanged
            || children.isChanged || log.isChanged
    }

    /// For a world that nobody saves.
    mutating func forgetChanges() {
        identities.forgetChanges()
        businesses.forgetChanges()
        documents.forgetChanges()
        files.forgetChanges()
        webhooks.forgetChanges()
        secrets.forgetChanges()
        enterprises.forgetChanges()
        users.forgetChanges()
        children.forgetChanges()
        log.forgetChanges()
    }

    /// Puts a saved row back; the rows come in the order in which they were first saved.
    mutating func restore(_ kind: RowKind, id: String, json: [UInt8]) throws {
        switch kind {
        case .identity:
            let identity: IdentityRecord = try read(json)
            identities.restore(identity, id: id)
            if let due = identity.due { agenda.enter(.identity(id), due: due) }
        case .business:
            let record: KYBRecord = try read(json)
            businesses.restore(record, id: id)
            if let due = record.due { agenda.enter(.business(id), due: due) }
        case .document: documents.restore(try read(json), id: id)
        case .file: files.restore(try read(json), id: id)
        case .webhook: webhooks.restore(try read(json), id: id)
        case .secret: secrets.restore(try read(json), id: id)
        case .enterprise: enterprises.restore(try read(json), id: id)
        case .user: users.restore(try read(json), id: id)
        case .child: children.restore(try read(json), id: id)
        case .notification:
            let line: NotificationRecord = try read(json)
            log.restore(line, id: id)
            if line.state.isSettled { settledLines += 1 } else { unsent.append(id) }
        case .world:
            let state: WorldState = try read(json)
            generator = state.generator
            lastMoment = state.lastMoment
        }
    }
}

extension [SavedRow] {
    fileprivate mutating func append<Row: Encodable>(_ kind: RowKind, _ changes: [(id: String, row: Row?)]) throws {
        for change in changes {
            let json = try change.row.map { [UInt8](try JSONEncoder().encode($0)) }
            append(SavedRow(kind: kind.rawValue, id: change.id, json: json))
        }
    }
}

private func read<Row: Decodable>(_ json: [UInt8]) throws -> Row {
    try JSONDecoder().decode(Row.self, from: Data(json))
}
