extension Report {
    /// CPU time of each of a server's threads for an event: steadier than events per second on a busy machine.
    /// - Parameter prefix: of the figures' names.
    mutating func add(cpuOf process: ChildProcess, since before: [String: Double], events: Int, prefix: String = "") {
        var sum = 0.0
        for (name, seconds) in process.cpuSeconds.sorted(by: { $0.key < $1.key }) {
            let used = (seconds - (before[name] ?? 0)) / Double(max(events, 1)) * 1e6
            sum += used
            guard used >= 0.05 else { continue }
            add("\(prefix)cpu_\(name.replacing(" ", with: "_"))_us", used, digits: 2, "µs an event")
        }
        add("\(prefix)cpu_server_us", sum, digits: 2, "µs an event")
    }
}
