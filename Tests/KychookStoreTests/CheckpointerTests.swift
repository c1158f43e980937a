import KychookLinux
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

@Suite struct CheckpointerTests {
    /// Far more is written than the log of changes may hold.
    @Test func `the write-ahead log stays bounded while events are stored`() async throws {
        let store = try TestStore()
        let reader = try store.log.makeReader()
        let body = String(repeating: "x", count: 60_000)
        let (batches, perBatch) = (60, 50)
        var largest: Int64 = 0
        for batch in 0..<batches {
            let events = (0..<perBatch).map { index in
                IncomingEvent.status(of: "i\(index)", body: "\(batch) \(index) \(body)")
            }
            for result in await store.append(events) { _ = try result.get() }
            // Somebody reads meanwhile, in short transactions.
            #expect(try reader.newestSequence() == Int64((batch + 1) * perBatch))
            largest = max(largest, try FileStatus.at(store.directory.database + "-wal").size)
        }
        let written = Int64(batches * perBatch * body.utf8.count)
        // What one commit adds comes on top.
        let bound = Int64(Checkpointer.lastResort * 4096 + 2 * perBatch * body.utf8.count)
        #expect(written > bound + bound / 4)
        #expect(largest <= bound)
    }
}
