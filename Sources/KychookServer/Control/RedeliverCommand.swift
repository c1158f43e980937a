import KychookModel
import KychookStore

/// `kychook deliveries redeliver`: finished deliveries get a second life, at the end of their subject's queue.
package struct RedeliverCommand: OperatorCommand {
    package static let path = "redeliver"

    package enum Selection: Codable, Sendable {
        /// Rows of deliveries.
        case deliveries([Int64])
        /// All that are dead at a sink, of events received since a moment in milliseconds since 1970.
        case dead(sink: String, since: Int64?)
    }

    package var selection: Selection
    package var reason: String?

    package init(_ selection: Selection, reason: String?) {
        self.selection = selection
        self.reason = reason
    }

    package struct Report: Codable, Sendable {
        /// Deliveries that are queued again.
        package var redelivered: Int
        /// Of those asked for: they wait already.
        package var waiting: [Int64]
    }

    package func run(_ place: Workplace) async throws -> Report {
        let reader = try place.log.makeReader()
        let begin = { try await place.log.begin(NewOperation(.redeliver, at: place.clock.now(), reason: reason)) }
        var report = Report(redelivered: 0, waiting: [])
        switch selection {
        case .deliveries(let rows):
            let found = try reader.deliveries(DeliveryQuery(rows: rows, limit: rows.count))
            if let unknown = Set(rows).subtracting(found.map(\.row)).min() {
                throw CommandRefusal("there is no delivery dlv_\(unknown): nothing was redelivered")
            }
            let queued = try await place.log.redeliver(rows.sorted(), operation: try await begin())
            report.redelivered = queued.count
            report.waiting = Set(rows).subtracting(queued).sorted()
            for sink in Set(found.map(\.sink)) { place.sinks?.look(at: sink) }
        case .dead(let name, let since):
            let sink = try place.record(of: name, reader)
            let since = since.map(Timestamp.init(milliseconds:))
            let operation = try await begin()
            var last: Int64 = 0
            while true {
                let page = try reader.deadDeliveries(of: sink.row, after: last, since: since, limit: 500)
                guard let newest = page.last else { break }
                report.redelivered += try await place.log.redeliver(page, operation: operation).count
                last = newest
            }
            place.sinks?.look(at: name)
        }
        return report
    }
}
