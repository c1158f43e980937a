package import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import Logging

/// How a source's provider is asked; nil: the source has no API.
package typealias MakeReading = @Sendable (SourceConfiguration) -> (any ProviderReading)?

/// Everything that asks providers by API: for each source a ``Confirmer`` and a ``SourceKeeper``; a reload exchanges them.
///
/// May be used from any thread.
final class ProviderGroup: Sendable {
    private struct Member: Sendable {
        let confirmer: Confirmer
        let confirming: Task<Void, Never>
        /// Nil: the source has no API.
        let keeper: SourceKeeper?
        let keeping: Task<Void, Never>?
    }

    private struct State {
        var members: [String: Member] = [:]
        var exchange: Task<Void, Never>?
        var isStopping = false
    }

    let statistics = ProviderStatistics()
    private let context: ProviderContext
    private let makeReading: MakeReading
    private let state = Locked(State())

    init(makeReading: @escaping MakeReading, _ context: (ProviderStatistics) -> ProviderContext) {
        self.context = context(statistics)
        self.makeReading = makeReading
    }

    func start(_ sources: [SourceConfiguration]) throws(StoreError) {
        try start(sources, memories: [:])
    }

    private func start(
        _ sources: [SourceConfiguration],
        memories: [String: SourceKeeper.Memory]
    ) throws(StoreError) {
        let waiting = try context.log.makeReader().openConfirmations()
        for source in sources {
            let reading = makeReading(source)
            // Without an API there is something to do only for what was asked while it had one.
            guard reading != nil || waiting[source.name, default: 0] > 0 else { continue }
            let confirmer = try Confirmer(source, reading: reading, context)
            let keeper = try reading.map { reading throws(StoreError) in
                try SourceKeeper(
                    Reconciler(source, reading: reading, log: context.log, clock: context.clock),
                    context,
                    memory: memories[source.name]
                )
            }
            let member = Member(
                confirmer: confirmer,
                confirming: Task { await confirmer.run() },
                keeper: keeper,
                keeping: keeper.map { keeper in Task { await keeper.run() } }
            )
            state.withLock { $0.members[source.name] = member }
        }
    }

    /// An event of this source asks for a read, and is committed.
    func wake(_ source: String) {
        state.withLock { $0.members[source] }?.confirmer.wake()
    }

    func keeper(of source: String) -> SourceKeeper? {
        state.withLock { $0.members[source] }?.keeper
    }

    /// Puts other sources in force: reads under way are cut and made again under the new configuration.
    func replace(with sources: [SourceConfiguration]) {
        state.withLock { state in
            let before = state.exchange
            state.exchange = Task {
                await before?.value
                let memories = await stopMembers()
                guard !self.state.withLock({ $0.isStopping }) else { return }
                do {
                    try start(sources, memories: memories)
                } catch {
                    context.logger.error("providers cannot be asked", metadata: ["reason": "\(error)"])
                }
            }
        }
    }

    /// Cuts what is under way and returns when it has ended.
    func stop() async {
        let exchange = state.withLock { state in
            state.isStopping = true
            return state.exchange
        }
        await exchange?.value
        _ = await stopMembers()
    }

    /// - Returns: what each keeper remembers, by its source.
    private func stopMembers() async -> [String: SourceKeeper.Memory] {
        let members = state.withLock { state in
            defer { state.members = [:] }
            return state.members
        }
        for member in members.values {
            member.confirmer.stop()
            member.keeping?.cancel()
        }
        var memories: [String: SourceKeeper.Memory] = [:]
        for (source, member) in members {
            await member.confirming.value
            await member.keeping?.value
            memories[source] = await member.keeper?.memory
        }
        return memories
    }
}

/// What everybody works with who asks a provider.
struct ProviderContext: Sendable {
    let log: EventLog
    let clock: WallClock
    let statistics: ProviderStatistics
    let logger: Logger
    /// When the source's newest event came from the provider itself.
    let lastEvent: @Sendable (_ source: String) -> Timestamp?
    /// Stores an event of kychook's own, if some sink asks for it.
    let tell: @Sendable (_ make: (Notices, Timestamp) -> IncomingEvent?) -> Void
}
