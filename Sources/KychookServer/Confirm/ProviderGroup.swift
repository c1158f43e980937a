package import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import Logging

/// How a source's provider is asked; nil: the source has no API.
///
/// `former`: how it was asked before a reload.
package typealias MakeReading =
    @Sendable (SourceConfiguration, _ former: (any ProviderReading)?) -> (any ProviderReading)?

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
        /// What each keeper remembered when a reload ended it.
        var memories: [String: SourceKeeper.Memory] = [:]
        var exchange: Task<Void, Never>?
        /// How often the sources were exchanged.
        var generation = 0
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

    /// At once, or as soon as the store can be read.
    func start(_ sources: [SourceConfiguration]) {
        do {
            try startMembers(for: sources)
        } catch {
            replace(with: sources)
        }
    }

    /// Starts those that are not at work yet.
    private func startMembers(for sources: [SourceConfiguration]) throws(StoreError) {
        let waiting = try context.log.makeReader().openConfirmations()
        for source in sources {
            let (isAtWork, memory) = state.withLock { ($0.members[source.name] != nil, $0.memories[source.name]) }
            guard !isAtWork else { continue }
            let reading = makeReading(source, memory?.reading)
            // Without an API there is something to do only for what was asked while it had one.
            guard reading != nil || waiting[source.name, default: 0] > 0 else { continue }
            let confirmer = try Confirmer(source, reading: reading, context)
            let keeper = try reading.map { reading throws(StoreError) in
                try SourceKeeper(
                    Reconciler(source, reading: reading, log: context.log, clock: context.clock),
                    context,
                    memory: memory
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
            state.generation += 1
            let (before, generation) = (state.exchange, state.generation)
            state.exchange = Task {
                await before?.value
                await stopMembers()
                await startPatiently(sources, generation)
            }
        }
    }

    /// Between two tries to start: the store may fail for a moment, and nobody may be left unasked after it.
    private static let pause = Duration.seconds(1)

    private func startPatiently(_ sources: [SourceConfiguration], _ generation: Int) async {
        var reasons = ReasonLog(context.logger, about: "asking providers")
        while state.withLock({ !$0.isStopping && $0.generation == generation }) {
            do {
                try startMembers(for: sources)
                reasons.note(nil)
                return
            } catch {
                reasons.note("\(error)")
                try? await Task.sleep(for: ProviderGroup.pause)
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
        await stopMembers()
    }

    private func stopMembers() async {
        let members = state.withLock { state in
            defer { state.members = [:] }
            return state.members
        }
        for member in members.values {
            member.confirmer.stop()
            member.keeping?.cancel()
        }
        for (source, member) in members {
            await member.confirming.value
            await member.keeping?.value
            let memory = await member.keeper?.memory
            state.withLock { $0.memories[source] = memory }
        }
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
