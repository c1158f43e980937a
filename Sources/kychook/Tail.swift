import ArgumentParser
import Glibc
import KychookModel
import KychookStore

struct Tail: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Follow events as they are stored.")

    @OptionGroup var store: StoreOption
    @OptionGroup var conditions: EventConditions

    @Option(name: .customShort("n"), help: "How many of the newest events to begin with.")
    var count = 10

    @Flag(name: .customShort("f"), help: "Go on with new events until interrupted.")
    var follow = false

    @Flag(help: "A CloudEvents document a line.")
    var json = false

    func validate() throws {
        guard (0...100_000).contains(count) else { throw ValidationError("-n is 0 to 100000") }
    }

    func run() throws {
        try reporting {
            let reader = try store.reader()
            var position = try reader.newestSequence()
            show(try reader.events(conditions.query(limit: count), withBodies: json))
            while follow {
                // Asking for the newest row is one page read: cheaper than any way of being told.
                usleep(100_000)
                let newest = try reader.newestSequence()
                while position < newest {
                    var query = conditions.query(limit: 1000)
                    query.after = position
                    let batch = try reader.events(query, withBodies: json)
                    show(batch)
                    position = batch.count == query.limit ? batch.last?.event.sequence ?? newest : newest
                }
            }
        }
    }

    private func show(_ events: [StoredEvent]) {
        for event in events { print(json ? Output.document(event) : Output.line(event)) }
        fflush(nil)
    }
}
