import KychookConfig
import KychookLinux
import KychookModel
import KychookNet
import KychookStore

/// Where the figures are, all over the server.
struct MetricsSource: Sendable {
    let log: EventLog
    /// Of the public listener, which opens last.
    let edge: @Sendable () -> ServerCounters
    let sources: SourceTable
    let statistics: IngestStatistics
    let deliveries: DeliveryStatistics
    let providers: ProviderStatistics
    let check: BackgroundCheck
    let clock: WallClock
    let started: Timestamp
    /// In force.
    let configuration: Locked<Configuration>

    /// The figures of this moment, or nearly: each part is taken by itself.
    func snapshot(_ reader: EventReader) throws(StoreError) -> MetricsSnapshot {
        MetricsSnapshot(
            now: clock.now(),
            started: started,
            edge: edge(),
            certificates: certificates,
            configuredSources: sources.current.map(\.name),
            sources: statistics.bySource,
            providerFailures: statistics.providerFailures.sums,
            commits: log.commitFigures,
            uncommitted: log.depth,
            writeAheadLogSize: log.writeAheadLogSize,
            isDamaged: check.foundDamage,
            sinks: try reader.sinkStatuses(),
            deliveries: deliveries.bySink,
            askedSources: Set(configuration.withLock { $0.sources.filter { $0.api != nil }.map(\.name) }),
            providers: providers.bySource,
            openConfirmations: try reader.openConfirmations()
        )
    }

    private var certificates: [String: Timestamp] {
        let ends = configuration.withLock { $0.listen }.compactMap { listener in
            listener.tls.map { (listener.address.description, $0.end) }
        }
        return Dictionary(ends, uniquingKeysWith: min)
    }
}
