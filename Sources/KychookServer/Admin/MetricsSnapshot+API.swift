import KychookModel

/// What asking the providers by API brought.
extension MetricsSnapshot {
    func addAPI(to metrics: inout MetricsText) {
        func add(
            _ name: StaticString,
            _ kind: MetricsText.Kind,
            _ help: StaticString,
            _ value: (ProviderStatistics.Figures) -> Double?
        ) {
            // A counter stays, but the state of what is not looked at any more would be an alarm that never ends.
            let figures = providers.merging(askedSources.map { ($0, .init()) }) { known, _ in known }
            let shown = figures.filter { kind == .counter || askedSources.contains($0.key) }
            let samples = shown.sorted { $0.key < $1.key }.compactMap { source, figures in
                value(figures).map { MetricsText.Sample(labels: ["source": source], value: $0) }
            }
            metrics.add(name, kind, help, samples)
        }
        metrics.add(
            "kychook_confirmations_open",
            .gauge,
            "Identities that wait to be read by API.",
            configuredSources.map { .init(labels: ["source": $0], value: Double(openConfirmations[$0] ?? 0)) }
        )
        add("kychook_confirmation_reads_total", .counter, "Reads of identities for confirmation.") { Double($0.reads) }
        add("kychook_confirmation_read_failures_total", .counter, "Of these: those that brought nothing.") { figures in
            Double(figures.failedReads)
        }
        add("kychook_confirmations_moved_total", .counter, "Statuses moved by the API's word.") { Double($0.confirmed) }
        add("kychook_confirmation_timeouts_total", .counter, "Statuses moved by a webhook's word.") { figures in
            Double(figures.timedOut)
        }
        add("kychook_reconcile_runs_total", .counter, "Reconciliations.") { Double($0.reconciliations) }
        add("kychook_reconcile_failures_total", .counter, "Of these: those that broke off.") { figures in
            Double(figures.failedReconciliations)
        }
        add("kychook_reconcile_differences_total", .counter, "Statuses that webhooks had missed.") { figures in
            Double(figures.reconciled)
        }
        add(
            "kychook_reconcile_last_success_seconds",
            .gauge,
            "When the last whole reconciliation ended, in seconds since 1970."
        ) { figures in figures.lastReconciled.map { Double($0.milliseconds) / 1000 } }
        add("kychook_source_suspended", .gauge, "Webhooks that the provider has suspended.") { figures in
            figures.suspendedWebhooks.map(Double.init)
        }
        add(
            "kychook_source_successive_failed_attempts",
            .gauge,
            "Deliveries that failed in a row by the provider's count: the most of its webhooks."
        ) { $0.successiveFailedAttempts.map(Double.init) }
        add("kychook_source_silent", .gauge, "1 when events are overdue though identities are open.") { figures in
            figures.isSilent ? 1 : 0
        }
    }
}
