import KychookLinux
import KychookModel
import KychookNet
import KychookStore
import KychookTesting
import KychookVerify
import Testing

@testable import KychookServer

@Suite struct MetricsTextTests {
    @Test func `a metric has its help, its type and its samples`() {
        var metrics = MetricsText()
        let labelled = MetricsText.Sample(labels: ["x": "1", "y": "2"], value: 3)
        metrics.add("a_total", .counter, "How many.", [labelled, .init(value: 4)])
        metrics.add("b_bytes", .gauge, "How large.", 0.5)
        #expect(
            metrics.text == """
                # HELP a_total How many.
                # TYPE a_total counter
                a_total{x="1",y="2"} 3
                a_total 4
                # HELP b_bytes How large.
                # TYPE b_bytes gauge
                b_bytes 0.5

                """
        )
    }

    @Test func `a metric without samples is left out`() {
        var metrics = MetricsText()
        metrics.add("a_total", .counter, "How many.", [])
        #expect(metrics.text.isEmpty)
    }

    @Test func `a histogram counts what is up to each bound`() {
        var histogram = Histogram(bounds: [0.005, 1])
        for value in [0.001, 0.005, 0.5, 7] { histogram.add(value) }
        var metrics = MetricsText()
        metrics.add("t_seconds", "How long.", histogram)
        #expect(
            metrics.text == """
                # HELP t_seconds How long.
                # TYPE t_seconds histogram
                t_seconds_bucket{le="0.005"} 2
                t_seconds_bucket{le="1"} 3
                t_seconds_bucket{le="+Inf"} 4
                t_seconds_sum 7.506
                t_seconds_count 4

                """
        )
    }

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a\"} 1\nb 2", #"a\"} 1\nb 2"#), (#"\"#, #"\\"#), (#"\n"#, #"\\n"#),
        ("\r\n", "\r\\n"), ("é\u{1F600}", "é\u{1F600}"), (#"\""#, #"\\\""#), ("\n\u{301}", "\\n\u{301}"),
    ])
    func `a hostile label stays within its quotes`(label: String, written: String) {
        var metrics = MetricsText()
        metrics.add("a", .gauge, "A.", [.init(labels: ["l": label], value: 1)])
        #expect(metrics.text.utf8.elementsEqual("# HELP a A.\n# TYPE a gauge\na{l=\"\(written)\"} 1\n".utf8))
        #expect(metrics.text.utf8.count { $0 == UInt8(ascii: "\n") } == 3)
    }

    @Test(arguments: [
        (0, "0"), (-1, "-1"), (1e15, "1000000000000000"), (0.1, "0.1"), (1_768_747_000.5, "1768747000.5"),
        (1e300, "1e+300"),
    ])
    func `numbers are written as they are`(value: Double, written: String) {
        var metrics = MetricsText()
        metrics.add("a", .gauge, "A.", value)
        #expect(metrics.text.hasSuffix("\na \(written)\n"))
    }
}

@Suite struct MetricsSnapshotTests {
    @Test func `shows what came in by source and reason`() {
        var snapshot = MetricsSnapshot(now: .start, started: .start)
        snapshot.configuredSources = ["bitgo", "new"]
        snapshot.sources["bitgo"] = SourceFigures(
            stored: 7,
            duplicates: 2,
            failures: [.storeFailing: 1],
            refusals: [.mismatch: 3, .missingSignature: 4],
            problems: [.noType: 1],
            reusedKeys: 1,
            ignoredTimes: 1,
            lastEvent: .start + .seconds(-90)
        )
        snapshot.sources["gone"] = SourceFigures(stored: 1, lastEvent: .start)
        snapshot.providerFailures = ["bitgo": 8, "gone": 9]
        expect(
            snapshot,
            [
                #"kychook_events_stored_total{source="bitgo"} 7"#, #"kychook_events_stored_total{source="new"} 0"#,
                #"kychook_events_stored_total{source="gone"} 1"#,
                #"kychook_events_duplicate_total{source="bitgo"} 2"#,
                #"kychook_append_failures_total{source="bitgo",reason="store_failing"} 1"#,
                #"kychook_requests_refused_total{source="bitgo",reason="mismatch"} 3"#,
                #"kychook_requests_refused_total{source="bitgo",reason="missing_signature"} 4"#,
                #"kychook_events_uninterpreted_total{source="bitgo",reason="no_type"} 1"#,
                #"kychook_event_keys_reused_total{source="bitgo"} 1"#,
                #"kychook_event_times_ignored_total{source="bitgo"} 1"#,
                #"kychook_provider_failures_7d{source="bitgo"} 8"#, #"kychook_provider_failures_7d{source="new"} 0"#,
                #"kychook_seconds_since_last_event{source="bitgo"} 90"#,
            ],
            not: [#"last_event{source="gone""#, #"last_event{source="new""#, #"7d{source="gone""#]
        )
    }

    @Test func `shows the edge, the store and the process`() {
        var snapshot = MetricsSnapshot(now: .start, started: Timestamp(milliseconds: 1_768_747_000_250))
        snapshot.edge.answers = [200: 5, 401: 2]
        snapshot.edge.open = 3
        snapshot.edge.accepted = 9
        snapshot.edge.acceptPauses = 1
        snapshot.edge.refused = 8
        snapshot.edge.held = 4
        snapshot.edge.timeouts = 6
        snapshot.edge.tlsFailures = 7
        snapshot.certificates = ["0.0.0.0:8443": Timestamp(milliseconds: 1_900_000_000_500)]
        snapshot.uncommitted = 11
        snapshot.writeAheadLogSize = 4096
        snapshot.isDamaged = true
        expect(
            snapshot,
            [
                #"kychook_http_answers_total{code="200"} 5"#, #"kychook_http_answers_total{code="401"} 2"#,
                "kychook_http_open_connections 3", "kychook_http_connections_total 9",
                "kychook_http_accept_pauses_total 1", "kychook_http_connections_refused_total 8",
                "kychook_http_held_requests_total 4",
                "kychook_http_timeouts_total 6", "kychook_tls_failures_total 7",
                #"kychook_tls_certificate_not_after_timestamp_seconds{address="0.0.0.0:8443"} 1900000000.5"#,
                "kychook_store_uncommitted_events 11", "kychook_store_wal_bytes 4096",
                "kychook_store_damaged 1", #"kychook_store_commit_events_bucket{le="+Inf"} 0"#,
                "kychook_store_commit_duration_seconds_count 0", "process_start_time_seconds 1768747000.25",
            ]
        )
    }

    @Test func `shows each sink of the store, whatever its name`() async throws {
        let store = try TestStore()
        let name = "evil\"} 1\nx"
        for name in ["events", name] { _ = try await store.log.register(name, start: .beginning, now: .start) }
        try await store.append(.status(of: "a"))
        try await store.append(.status(of: "b", minutes: 1))
        await store.log.record(
            DeliveryReport(
                sink: 2,
                cursor: 1,
                outcomes: [.init(sequence: 1, state: .dead, attempts: 1)],
                health: SinkHealth(state: .paused, since: .start)
            )
        )
        var snapshot = MetricsSnapshot(now: .start + .minutes(2), started: .start)
        snapshot.sinks = try store.log.makeReader().sinkStatuses()
        expect(
            snapshot,
            [
                #"kychook_sink_lag_events{sink="events"} 2"#,
                #"kychook_sink_oldest_waiting_seconds{sink="events"} 120"#,
                #"kychook_sink_dead_events{sink="events"} 0"#, #"kychook_sink_state{sink="events",state="active"} 1"#,
                #"kychook_sink_state{sink="events",state="open"} 0"#,
                #"kychook_sink_state{sink="events",state="paused"} 0"#,
                #"kychook_sink_lag_events{sink="evil\"} 1\nx"} 1"#,
                #"kychook_sink_oldest_waiting_seconds{sink="evil\"} 1\nx"} 60"#,
                #"kychook_sink_dead_events{sink="evil\"} 1\nx"} 1"#,
                #"kychook_sink_state{sink="evil\"} 1\nx",state="paused"} 1"#,
            ]
        )
    }

    @Test func `a sink without anything waiting has no age, and a clock set back makes none negative`() async throws {
        let store = try TestStore()
        _ = try await store.log.register("idle", start: .now, now: .start)
        try await store.append(.status())
        _ = try await store.log.register("late", start: .now, now: .start)
        var snapshot = MetricsSnapshot(now: .start + .minutes(-5), started: .start)
        snapshot.sinks = try store.log.makeReader().sinkStatuses()
        snapshot.configuredSources = ["bitgo"]
        snapshot.sources["bitgo"] = SourceFigures(lastEvent: .start)
        expect(
            snapshot,
            [
                #"kychook_sink_oldest_waiting_seconds{sink="idle"} 0"#,
                #"kychook_sink_oldest_waiting_seconds{sink="late"} 0"#, #"kychook_sink_lag_events{sink="late"} 0"#,
                #"kychook_seconds_since_last_event{source="bitgo"} 0"#,
            ]
        )
    }

    @Test func `shows attempts by what became of them`() {
        let deliveries = DeliveryStatistics()
        deliveries.count(.succeeded, sink: "crm")
        deliveries.count(.succeeded, sink: "crm")
        deliveries.count(.retryable(reason: "503"), sink: "crm")
        deliveries.count(.permanent(reason: "65"), sink: "hook")
        deliveries.count(.gone(reason: "410"), sink: "hook")
        deliveries.countLines(1000, sink: "events")
        var snapshot = MetricsSnapshot(now: .start, started: .start)
        snapshot.deliveries = deliveries.bySink
        expect(
            snapshot,
            [
                #"kychook_sink_attempts_total{sink="crm",outcome="succeeded"} 2"#,
                #"kychook_sink_attempts_total{sink="crm",outcome="retryable"} 1"#,
                #"kychook_sink_attempts_total{sink="crm",outcome="permanent"} 0"#,
                #"kychook_sink_attempts_total{sink="hook",outcome="permanent"} 1"#,
                #"kychook_sink_attempts_total{sink="hook",outcome="gone"} 1"#,
                #"kychook_sink_lines_total{sink="events"} 1000"#,
            ]
        )
    }

    @Test func `shows a sink's counters before its first attempt`() throws {
        let store = try TestStore()
        _ = try waitFor { try await store.log.register("crm", start: .now, now: .start) }
        var snapshot = MetricsSnapshot(now: .start, started: .start)
        snapshot.sinks = try store.log.makeReader().sinkStatuses()
        expect(
            snapshot,
            [
                #"kychook_sink_attempts_total{sink="crm",outcome="permanent"} 0"#,
                #"kychook_sink_lines_total{sink="crm"} 0"#,
            ]
        )
    }

    @Test func `shows what asking the providers brought, of sources that were asked`() {
        let statistics = ProviderStatistics()
        statistics.countRead("bitgo", fault: nil)
        statistics.countRead("bitgo", fault: .absent)
        var run = SourceReconciliation(source: "bitgo")
        (run.changed, run.new) = (2, 3)
        statistics.count(run, at: .start)
        run.fault = "down"
        statistics.count(run, at: .start + .hours(6))
        statistics.update("bitgo") { figures in
            (figures.suspendedWebhooks, figures.successiveFailedAttempts, figures.isSilent) = (1, 7, true)
        }
        var snapshot = MetricsSnapshot(now: .start, started: .start)
        snapshot.configuredSources = ["bitgo", "other"]
        snapshot.askedSources = ["bitgo"]
        snapshot.openConfirmations = ["bitgo": 4]
        snapshot.providers = statistics.bySource
        expect(
            snapshot,
            [
                #"kychook_confirmations_open{source="bitgo"} 4"#, #"kychook_confirmations_open{source="other"} 0"#,
                #"kychook_confirmation_reads_total{source="bitgo"} 2"#,
                #"kychook_confirmation_read_failures_total{source="bitgo"} 1"#,
                #"kychook_reconcile_runs_total{source="bitgo"} 2"#,
                #"kychook_reconcile_failures_total{source="bitgo"} 1"#,
                #"kychook_reconcile_differences_total{source="bitgo"} 10"#,
                #"kychook_reconcile_last_success_seconds{source="bitgo"} 1768747000"#,
                #"kychook_source_suspended{source="bitgo"} 1"#, #"kychook_source_silent{source="bitgo"} 1"#,
                #"kychook_source_successive_failed_attempts{source="bitgo"} 7"#,
            ],
            not: [#"kychook_source_silent{source="other""#]
        )
    }

    @Test func `a source that is asked no more keeps its counters, and nothing that could be an alarm`() {
        let statistics = ProviderStatistics()
        statistics.countRead("gone", fault: nil)
        statistics.update("gone") { figures in
            (figures.suspendedWebhooks, figures.successiveFailedAttempts, figures.isSilent) = (1, 7, true)
            figures.lastReconciled = .start
        }
        var snapshot = MetricsSnapshot(now: .start, started: .start)
        snapshot.configuredSources = ["new"]
        snapshot.askedSources = ["new"]
        snapshot.providers = statistics.bySource
        expect(
            snapshot,
            [
                #"kychook_confirmation_reads_total{source="gone"} 1"#,
                #"kychook_confirmation_reads_total{source="new"} 0"#, #"kychook_source_silent{source="new"} 0"#,
            ],
            not: ["silent", "suspended", "successive_failed_attempts", "last_success_seconds"].map {
                "\($0){source=\"gone\""
            }
        )
    }

    /// Expects lines, whole, and texts that must not be there.
    private func expect(
        _ snapshot: MetricsSnapshot,
        _ lines: [String],
        not absent: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let text = snapshot.text
        let written = Set(text.split(separator: "\n").map(String.init))
        for line in lines { #expect(written.contains(line), "\(line) in\n\(text)", sourceLocation: sourceLocation) }
        for part in absent { #expect(!text.contains(part), sourceLocation: sourceLocation) }
    }
}
