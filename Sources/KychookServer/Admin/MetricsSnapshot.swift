import KychookModel
import KychookNet
import KychookStore
import KychookVerify

/// All figures that `/metrics` shows.
///
/// Labels are names from the configuration and words of our own: never a type, a subject or anything else that a
/// sender chooses, who could fill the monitoring system's memory with them.
struct MetricsSnapshot {
    var now: Timestamp
    var started: Timestamp
    var edge = ServerCounters()
    /// The end of each TLS address' certificate.
    var certificates: [String: Timestamp] = [:]
    var configuredSources: [String] = []
    /// Also of those that have left the configuration since the start.
    var sources: [String: SourceFigures] = [:]
    var providerFailures: [String: Int] = [:]
    var commits = CommitFigures()
    var uncommitted = 0
    var writeAheadLogSize: Int64 = 0
    var isDamaged = false
    /// Also of those that have left the configuration.
    var sinks: [SinkStatus] = []
    var deliveries: [String: DeliveryStatistics.Figures] = [:]
    /// That are asked by API now.
    var askedSources: Set<String> = []
    /// Also of sources that are asked no more.
    var providers: [String: ProviderStatistics.Figures] = [:]
    var openConfirmations: [String: Int] = [:]

    /// In Prometheus' text format.
    var text: String {
        var metrics = MetricsText()
        addEdge(to: &metrics)
        addSources(to: &metrics)
        addProvider(to: &metrics)
        addStore(to: &metrics)
        addSinks(to: &metrics)
        addDeliveries(to: &metrics)
        addAPI(to: &metrics)
        metrics.add(
            "process_start_time_seconds",
            .gauge,
            "When the server started, in seconds since 1970.",
            Double(started.milliseconds) / 1000
        )
        return metrics.text
    }
}

private typealias Sample = MetricsText.Sample

// MARK: - What comes in

extension MetricsSnapshot {
    private func addEdge(to metrics: inout MetricsText) {
        let answers = edge.answers.sorted { $0.key < $1.key }
        metrics.add(
            "kychook_http_answers_total",
            .counter,
            "Answers of the public listener by status code.",
            answers.map { Sample(labels: ["code": "\($0.key)"], value: Double($0.value)) }
        )
        metrics.add("kychook_http_open_connections", .gauge, "Connections open now.", Double(edge.open))
        metrics.add("kychook_http_connections_total", .counter, "Connections accepted.", Double(edge.accepted))
        metrics.add(
            "kychook_http_accept_pauses_total",
            .counter,
            "Times that accepting paused because connections or descriptors had run out.",
            Double(edge.acceptPauses)
        )
        metrics.add(
            "kychook_http_connections_refused_total",
            .counter,
            "Connections closed at once because their address had as many as it may.",
            Double(edge.refused)
        )
        metrics.add(
            "kychook_http_timeouts_total",
            .counter,
            "Connections ended because a time limit had passed.",
            Double(edge.timeouts)
        )
        metrics.add(
            "kychook_tls_failures_total",
            .counter,
            "Connections ended for what came instead of TLS, or in it.",
            Double(edge.tlsFailures)
        )
        metrics.add(
            "kychook_tls_certificate_not_after_timestamp_seconds",
            .gauge,
            "When the certificate of an address ends, in seconds since 1970.",
            certificates.sorted { $0.key < $1.key }.map {
                Sample(labels: ["address": $0.key], value: Double($0.value.milliseconds) / 1000)
            }
        )
        metrics.add(
            "kychook_http_held_requests_total",
            .counter,
            "Requests that found the queue to the store full and were held back.",
            Double(edge.held)
        )
    }

    /// Every source of the configuration from its first moment on, so that a rate sees the first event.
    private var figures: [(name: String, figures: SourceFigures)] {
        Set(configuredSources).union(sources.keys).sorted().map { ($0, sources[$0] ?? SourceFigures()) }
    }

    private func addSources(to metrics: inout MetricsText) {
        func add(_ name: StaticString, _ help: StaticString, _ value: (SourceFigures) -> Int) {
            let samples = figures.map { Sample(labels: ["source": $0.name], value: Double(value($0.figures))) }
            metrics.add(name, .counter, help, samples)
        }
        func add<Reason>(_ name: StaticString, _ help: StaticString, _ values: (SourceFigures) -> [Reason: Int])
        where Reason: RawRepresentable<String> {
            let samples = figures.flatMap { source, figures in
                values(figures).map { ($0.key.rawValue, $0.value) }.sorted { $0.0 < $1.0 }.map { reason, count in
                    Sample(labels: ["source": source, "reason": reason], value: Double(count))
                }
            }
            metrics.add(name, .counter, help, samples)
        }
        add("kychook_events_stored_total", "Events kept.", \.stored)
        add("kychook_events_duplicate_total", "Copies of kept events, acknowledged and not kept again.", \.duplicates)
        add("kychook_events_uninterpreted_total", "Events kept that could not be understood.", \.problems)
        add("kychook_event_keys_reused_total", "Events kept whose key had another content before.", \.reusedKeys)
        add("kychook_event_times_ignored_total", "Events whose time was too far ahead to be one.", \.ignoredTimes)
        add("kychook_requests_refused_total", "Requests whose signature was not right.", \.refusals)
        add("kychook_append_failures_total", "Genuine events that could not be kept: answered 503.", \.failures)
    }

    private func addProvider(to metrics: inout MetricsText) {
        metrics.add(
            "kychook_provider_failures_7d",
            .gauge,
            "Answers other than 200 in seven days; a provider may suspend its webhook after 100.",
            configuredSources.map { Sample(labels: ["source": $0], value: Double(providerFailures[$0] ?? 0)) }
        )
        metrics.add(
            "kychook_seconds_since_last_event",
            .gauge,
            "Since the provider's newest event was kept.",
            configuredSources.compactMap { source in
                sources[source]?.lastEvent.map { Sample(labels: ["source": source], value: seconds(since: $0)) }
            }
        )
    }

    /// Never negative, whatever a clock did.
    private func seconds(since moment: Timestamp) -> Double { max(0, (now - moment).inSeconds) }
}

// MARK: - What is kept, and goes out

extension MetricsSnapshot {
    private func addStore(to metrics: inout MetricsText) {
        metrics.add("kychook_store_uncommitted_events", .gauge, "Events waiting to be kept.", Double(uncommitted))
        metrics.add("kychook_store_commit_events", "Events kept by one commit.", commits.events)
        metrics.add("kychook_store_commit_duration_seconds", "Time of one commit.", commits.seconds)
        metrics.add("kychook_store_wal_bytes", .gauge, "Write-ahead log on the disk.", Double(writeAheadLogSize))
        metrics.add(
            "kychook_store_damaged",
            .gauge,
            "1 when the check of the whole store after the start found damage.",
            isDamaged ? 1 : 0
        )
    }

    private func addSinks(to metrics: inout MetricsText) {
        func add(_ name: StaticString, _ help: StaticString, _ value: (SinkStatus) -> Double) {
            let samples = sinks.map { Sample(labels: ["sink": $0.record.name], value: value($0)) }
            metrics.add(name, .gauge, help, samples)
        }
        add("kychook_sink_lag_events", "Events that the sink has not been handed.") { Double($0.waiting) }
        add("kychook_sink_oldest_waiting_seconds", "Age of the oldest of these events.") { sink in
            sink.oldest.map(seconds) ?? 0
        }
        add("kychook_sink_dead_events", "Deliveries that were given up.") { Double($0.dead) }
        let states = sinks.flatMap { sink in
            SinkHealth.State.allCases.map { state in
                Sample(
                    labels: ["sink": sink.record.name, "state": state.rawValue],
                    value: sink.record.health.state == state ? 1 : 0
                )
            }
        }
        metrics.add("kychook_sink_state", .gauge, "1 for the state that the sink is in.", states)
    }

    private func addDeliveries(to metrics: inout MetricsText) {
        // As with sources: from the first moment on, or no rate would see a sink's first dead delivery.
        let names = Set(sinks.map(\.record.name)).union(deliveries.keys).sorted()
        let sinks = names.map { ($0, deliveries[$0] ?? DeliveryStatistics.Figures()) }
        metrics.add(
            "kychook_sink_attempts_total",
            .counter,
            "Attempts to deliver by what became of them.",
            sinks.flatMap { sink, figures in
                [
                    ("succeeded", figures.succeeded), ("retryable", figures.retryable),
                    ("permanent", figures.permanent), ("gone", figures.gone),
                ].map { Sample(labels: ["sink": sink, "outcome": $0.0], value: Double($0.1)) }
            }
        )
        metrics.add(
            "kychook_sink_lines_total",
            .counter,
            "Lines that a log sink has written.",
            sinks.map { Sample(labels: ["sink": $0.0], value: Double($0.1.lines)) }
        )
    }
}
