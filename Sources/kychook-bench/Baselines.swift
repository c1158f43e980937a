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

    /// An nginx of one process that answers an empty 200 to everything.
    /// - Returns: nil when there is no nginx here.
    static func nginx(in directory: TemporaryDirectory) throws -> ForeignServer? {
        let places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"]
        guard let program = places.first(where: { fileExists($0) }) else { return nil }
        let address = try freeAddress()
        try directory.write("nginx.conf", nginxConfiguration(directory.path, address))
        return try ForeignServer(
            [program, "-p", directory.path, "-c", directory.path("nginx.conf"), "-e", directory.path("nginx.log")],
            at: address,
            output: directory.path("nginx.out")
        )
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

    /// adnanh's `webhook`: verifies the same HMAC, keeps nothing, and runs /bin/true for each event.
    /// - Returns: nil when it is not here.
    static func webhook(in directory: TemporaryDirectory) throws -> ForeignServer? {
        let program = "/usr/bin/webhook"
        guard fileExists(program) else { return nil }
        let address = try freeAddress()
        let words = address.description.split(separator: ":")
        try directory.write(
            "hooks.json",
            """
            [{
                "id": "bitgo/identityStatus", "execute-command": "/bin/true",
                "trigger-rule": { "match": {
                    "type": "payload-hmac-sha256", "secret": "\(SignedEvents.secret)",
                    "parameter": { "source": "header", "name": "X-Signature-SHA256" }
                } },
                "trigger-rule-mismatch-http-response-code": 401
            }]
            """
        )
        return try ForeignServer(
            [
                program, "-hooks", directory.path("hooks.json"), "-ip", String(words[0]), "-port", String(words[1]),
                "-urlprefix", "webhooks",
            ],
            at: address,
            output: directory.path("webhook.out")
        )
    }

    /// A port that is free now, so that connections are refused until somebody listens.
    static func freeAddress() throws(SystemError) -> ListenAddress {
        let any = ListenAddress.v4("127.0.0.1", port: 0)
        return any.bound(try any.listen(sharesPort: false))
    }
}

/// Another program's server, listening; ended when this goes.
final class ForeignServer {
    let process: ChildProcess
    let address: ListenAddress

    init(_ arguments: [String], at address: ListenAddress, output: String) throws(SystemError) {
        self.address = address
        process = try ChildProcess(arguments, output: output)
        for _ in 0..<500 {
            if (try? connect(to: address)) != nil { return }
            usleep(10_000)
        }
        _ = try connect(to: address)
    }

    deinit {
        _ = process.stop(patience: .seconds(2))
    }
}
