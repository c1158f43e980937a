import Glibc
import KychookLinux
import KychookStore

/// How far sinks are, as the store has it; read beside the running server.
struct SinkProgress {
    private let reader: EventReader

    init(_ state: StateDirectory) throws(StoreError) {
        reader = try EventReader(state)
    }

    /// Waits until each of the server's sinks has a recorded end of every event that is stored now.
    /// - Parameters:
    ///   - names: of the sinks.
    ///   - tick: called every few milliseconds.
    /// - Returns: false when it takes longer than the patience.
    func waitUntilDone(_ names: [String], patience: Duration, tick: () throws -> Void = {}) throws -> Bool {
        let newest = try reader.newestSequence()
        let end = MonotonicTime.now() + patience
        var open = names
        while MonotonicTime.now() < end {
            try tick()
            open = try open.filter { try !isDone($0, upTo: newest) }
            if open.isEmpty { return true }
            usleep(5000)
        }
        return false
    }

    /// Deliveries that failed and wait, or queue behind such a one.
    func pendingRows(of name: String) throws -> Int {
        guard let sink = try reader.sinks().first(where: { $0.name == name }) else { return 0 }
        return try reader.pendingDeliveries(of: sink.row).count
    }

    private func isDone(_ name: String, upTo newest: Int64) throws -> Bool {
        guard let sink = try reader.sinks().first(where: { $0.name == name }) else { return false }
        // A sink never runs further ahead of its cursor: far away there is no need to look at its rows.
        guard newest - sink.cursor < 20_000 else { return false }
        let behind = Int(newest - sink.cursor)
        guard try behind == 0 || reader.recordedSequences(of: sink.row, after: sink.cursor).count == behind else {
            return false
        }
        return try reader.pendingDeliveries(of: sink.row).isEmpty
    }
}
