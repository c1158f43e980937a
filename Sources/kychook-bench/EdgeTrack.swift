import ArgumentParser
import KychookLinux

/// One server on the first CPU, one load on the second.
struct EdgeTrack {
    enum Contender: String, CaseIterable, ExpressibleByArgument {
        case nginx, verify, refused, full, webhook
        /// A group of records is appended and synced for as many writers as there are connections.
        case append
        /// With one connection: a commit per request.
        case fullAlone = "full_1_connection"
        case appendAlone = "append_1_writer"
    }

    struct Round {
        var perSecond: Double
        /// Of all the server's threads, for one request.
        var cpuMicroseconds: Double
        /// Milliseconds.
        var p99: Double
    }

    let connections: Int
    let length: Duration
    let directory: String
    let program: String
    private let genuine = SignedEvents(count: 600_000, bodyLength: 600)
    private let forged = SignedEvents(count: 10_000, bodyLength: 600, secret: "another")

    /// - Returns: nil when the contender is not installed.
    func run(_ contender: Contender) throws -> Round? {
        let place = try TemporaryDirectory(in: directory)
        onServersCPU()
        defer { onAllCPUs() }
        switch contender {
        case .nginx:
            return try Baseline.nginx(in: place).map { try load(genuine, repeats: true, on: $0) }
        case .webhook:
            return try Baseline.webhook(in: place).map { try load(genuine, repeats: true, on: $0) }
        case .verify:
            let server = try DroppingServer(in: place)
            defer { server.stop() }
            return try load(genuine, repeats: true, to: server.plain) { threadSeconds(of: "self")["http-0"] ?? 0 }
        case .refused, .full, .fullAlone:
            let server = try ServerUnderTest(program: program, in: place, sinks: [])
            defer { _ = server.process.stop() }
            let isRefused = contender == .refused
            return try load(
                isRefused ? forged : genuine,
                repeats: isRefused,
                to: server.address,
                connections: contender == .fullAlone ? 1 : connections,
                status: isRefused ? 401 : 200
            ) { server.process.cpuSeconds.values.reduce(0, +) }
        case .append, .appendAlone:
            let before = threadSeconds(of: "self").values.reduce(0, +)
            let result = try Baseline.rawAppend(
                in: place.path,
                writers: contender == .append ? connections : 1,
                record: genuine.bodyLength,
                for: length
            )
            return round(result, cpu: threadSeconds(of: "self").values.reduce(0, +) - before)
        }
    }

    private func load(_ events: SignedEvents, repeats: Bool, on server: ForeignServer) throws -> Round {
        try load(events, repeats: repeats, to: server.address) { server.process.cpuSeconds.values.reduce(0, +) }
    }

    private func load(
        _ events: SignedEvents,
        repeats: Bool,
        to address: ListenAddress,
        connections: Int? = nil,
        status: Int = 200,
        cpu: () -> Double
    ) throws -> Round {
        Thread.restrict(toCPUs: 1..<2)
        let generator = try LoadGenerator(
            events,
            to: address,
            connections: connections ?? self.connections,
            repeats: repeats
        )
        let before = cpu()
        let result = generator.run(for: length)
        guard Array(result.statuses.keys) == [status], result.broken == 0 else {
            throw BenchError.mixedAnswers(result.statuses)
        }
        return round(result, cpu: cpu() - before)
    }

    private func round(_ result: LoadResult, cpu: Double) -> Round {
        Round(
            perSecond: result.answersPerSecond,
            cpuMicroseconds: cpu / Double(max(result.latencies.count, 1)) * 1e6,
            p99: result.latencies.milliseconds(at: 0.99)
        )
    }

    private func onServersCPU() {
        Thread.restrict(toCPUs: 0..<1)
    }

    private func onAllCPUs() {
        Thread.restrict(toCPUs: 0..<2)
    }
}

extension EdgeTrack.Contender: CustomStringConvertible {
    var description: String { rawValue }
}
