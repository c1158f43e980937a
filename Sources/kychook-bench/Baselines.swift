import Glibc
import KychookLinux

/// What the same disk and the same loopback allow without kychook: figures of one run become ratios.
enum Baseline {
    /// Appends a record for each of so many virtual writers, syncs, and lets all of them go on.
    static func rawAppend(
        in directory: String,
        writers: Int,
        record: Int,
        for duration: Duration
    ) throws(SystemError) -> LoadResult {
        let path = "\(directory)/raw"
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
        defer { unlink(path) }
        let group = [UInt8](repeating: UInt8(ascii: "x"), count: writers * record)
        var result = LoadResult(acknowledged: [])
        let start = MonotonicTime.now()
        var last = start
        while last < start + duration {
            try file.writeAll(group)
            try file.syncData()
            let now = MonotonicTime.now()
            for _ in 0..<writers { result.latencies.add(nanoseconds: now.nanoseconds - last.nanoseconds) }
            last = now
        }
        result.answersInTime = result.latencies.count
        result.seconds = start.milliseconds(to: last) / 1000
        return result
    }

    /// The same load against an nginx that answers an empty 200.
    /// - Returns: nil when there is no nginx here.
    static func nginx(in directory: TemporaryDirectory, _ events: SignedEvents, connections: Int) throws -> LoadResult?
    {
        let places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"]
        guard let program = places.first(where: { fileExists($0) }) else { return nil }
        let address = try freeAddress()
        try directory.write("nginx.conf", nginxConfiguration(directory.path, address))
        let arguments: [String] = [
            program, "-p", directory.path, "-c", directory.path("nginx.conf"), "-e", directory.path("nginx.log"),
        ]
        let process = try ChildProcess(arguments, output: directory.path("nginx.out"))
        defer { _ = process.stop(patience: .seconds(2)) }
        try waitUntilListening(address)
        return try LoadGenerator(events, to: address, connections: connections, repeats: true).run(for: .seconds(3))
    }

    private static func nginxConfiguration(_ directory: String, _ address: ListenAddress) -> String {
        """
        daemon off;
        master_process off;
        worker_processes 1;
        pid \(directory)/nginx.pid;
        events { worker_connections 4096; }
        http {
            access_log off;
            client_body_temp_path \(directory)/body;
            proxy_temp_path \(directory)/proxy;
            fastcgi_temp_path \(directory)/fastcgi;
            uwsgi_temp_path \(directory)/uwsgi;
            scgi_temp_path \(directory)/scgi;
            keepalive_requests 1000000000;
            server { listen \(address); location / { return 200; } }
        }

        """
    }

    /// A port that is free now, so that connections are refused until somebody listens.
    static func freeAddress() throws(SystemError) -> ListenAddress {
        let any = ListenAddress.v4("127.0.0.1", port: 0)
        return any.bound(try any.listen(sharesPort: false))
    }

    private static func waitUntilListening(_ address: ListenAddress) throws(SystemError) {
        for _ in 0..<500 {
            if (try? connect(to: address)) != nil { return }
            usleep(10_000)
        }
        _ = try connect(to: address)
    }
}
