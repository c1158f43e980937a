import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// The admin listener of a whole server, over real sockets.
@Suite(.timeLimit(.minutes(3))) struct AdminListenerTests {
    @Test func `serves three pages, to GET and HEAD only`() async throws {
        try await WatchedServer.run { server in
            for (path, type) in [
                ("/healthz", "application/json"), ("/readyz", "application/json"),
                ("/metrics", "text/plain; version=0.0.4; charset=utf-8"),
            ] {
                let answer = try server.admin(path)
                #expect(answer.status == 200)
                #expect(answer.header("content-type") == type)
                #expect(!answer.body.isEmpty)
                #expect(try server.admin(path + "?query").status == 200)
                let head = try server.admin(path, method: "HEAD")
                #expect(head.status == 200)
                #expect(head.header("content-type") == type)
                for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
                    let refused = try server.admin(path, method: method)
                    #expect(refused.status == 405)
                    #expect(refused.header("allow") == "GET, HEAD")
                }
            }
        }
    }

    @Test(arguments: ["/", "/healthz/", "/Metrics", "/metrics/x", "//metrics", "/%6detrics", "/status", "/webhooks"])
    func `knows no other path`(path: String) async throws {
        try await WatchedServer.run { server async throws in
            #expect(try server.admin(path).status == 404)
            #expect(try server.admin(path, method: "POST").status == 404)
        }
    }

    @Test func `says neither who it is nor how old (requirement P7)`() async throws {
        try await WatchedServer.run { server in
            for path in ["/healthz", "/readyz", "/nowhere"] {
                let answer = try server.admin(path)
                #expect(answer.header("server") == nil)
                #expect(!answer.text.lowercased().contains("kychook"))
            }
            #expect(try !server.metrics().contains { $0.contains("version") || $0.contains("build") })
        }
    }

    @Test func `is not on the public listener`() async throws {
        try await WatchedServer.run { server async throws in
            for path in ["/healthz", "/readyz", "/metrics"] {
                #expect(try server.request("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n").status == 404)
            }
        }
    }

    @Test func `counts what the public listener does`() async throws {
        try await WatchedServer.run { server in
            let body = WatchedServer.body("a")
            #expect(try server.post(body).status == 200)
            #expect(try server.post(body).status == 200)
            #expect(try server.post("{}", signature: String(repeating: "0", count: 64)).status == 401)
            let metrics = try server.metrics()
            for line in [
                #"kychook_http_answers_total{code="200"} 2"#, #"kychook_http_answers_total{code="401"} 1"#,
                #"kychook_events_stored_total{source="bitgo"} 1"#,
                #"kychook_events_duplicate_total{source="bitgo"} 1"#,
                #"kychook_requests_refused_total{source="bitgo",reason="mismatch"} 1"#,
                #"kychook_provider_failures_7d{source="bitgo"} 1"#,
                #"kychook_seconds_since_last_event{source="bitgo"} 0"#,
                "kychook_store_commit_events_sum 2", "kychook_store_damaged 0",
                "process_start_time_seconds \(Timestamp.start.milliseconds / 1000)",
            ] {
                #expect(metrics.contains(line), "\(line) in \(metrics)")
            }
        }
    }

    @Test func `shows nothing of an event (requirement P2)`() async throws {
        try await WatchedServer.run { server in
            let marker = Delivery.marker
            let body = """
                {"type":"identityStatus","identityId":"\(marker)","identityStatus":"\(marker)","\(marker)":"\(marker)",
                "idempotencyKey":"\(marker)","enterpriseId":"\(marker)","organizationId":"\(marker)",
                "updatedAt":"\(marker)"}
                """
            let fields = ["User-Agent", "Idempotency-Key", "Content-Type", "Traceparent"].map { "\($0): \(marker)" }
            #expect(try server.post(body, fields: fields).status == 200)
            #expect(try server.post("\(marker)\n").status == 200)
            #expect(try server.post(body, to: "/webhooks/bitgo/\(marker)?\(marker)").status == 200)
            #expect(try server.post(body, to: "/webhooks/\(marker)").status == 404)
            #expect(try server.post(body, signature: marker).status == 401)
            let answer = try server.admin("/metrics")
            #expect(answer.status == 200)
            #expect(!answer.text.contains(marker))
            #expect(!server.lines.withLock { $0.joined() }.contains(marker))
        }
    }

    @Test func `a read that fails is 500, and the next one may succeed`() async throws {
        try await WatchedServer.run { server in
            #expect(try server.admin("/metrics").status == 200)
            try server.directory.execute("ALTER TABLE sink RENAME TO away")
            let answer = try server.admin("/metrics")
            #expect(answer.status == 500)
            #expect(answer.text == #"{"error":"the store cannot be read"}"#)
            #expect(try server.admin("/healthz").status == 200)
            try server.directory.execute("ALTER TABLE away RENAME TO sink")
            #expect(try server.admin("/metrics").status == 200)
        }
    }

    @Test func `many who ask at once are all answered`() async throws {
        try await WatchedServer.run { server in
            let port = try #require(server.server.adminAddress?.split(separator: ":").last.flatMap { UInt16($0) })
            let clients = try (0..<50).map { _ in try RawClient(port: port) }
            for client in clients { try client.send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n") }
            for client in clients { #expect(try client.response().status == 200) }
        }
    }

    // MARK: - Readiness

    @Test func `is not ready while the disk is nearly full, and takes no part in the answer to "alive"`() async throws {
        try await WatchedServer.run { server in
            #expect(try server.admin("/readyz").text == #"{"ready":true}"#)
            var limits = WatchedServer.limits
            limits.freeSpace = ByteCount(bytes: .max)
            try await server.reload(limits: limits)
            let answer = try server.admin("/readyz")
            #expect(answer.status == 503)
            #expect(answer.text == #"{"ready":false,"reason":"disk_nearly_full"}"#)
            #expect(try server.admin("/readyz", method: "HEAD").status == 503)
            #expect(try server.admin("/healthz").status == 200)
            try await server.reload(limits: WatchedServer.limits)
            #expect(try server.admin("/readyz").status == 200)
        }
    }

    @Test func `is not ready while the store fails, and by itself when it works again`() async throws {
        try await WatchedServer.run { server in
            var limits = WatchedServer.limits
            // Long enough for one try.
            limits.commitWait = .seconds(1)
            try await server.reload(limits: limits)
            try server.directory.execute("ALTER TABLE body RENAME TO away")
            #expect(try server.post(WatchedServer.body("a")).status == 503)
            #expect(try server.admin("/readyz").text == #"{"ready":false,"reason":"store_failing"}"#)
            let metrics = try server.metrics()
            #expect(metrics.contains(#"kychook_append_failures_total{source="bitgo",reason="store_failing"} 1"#))
            #expect(metrics.contains(#"kychook_provider_failures_7d{source="bitgo"} 1"#))
            try server.directory.execute("ALTER TABLE away RENAME TO body")
            try await eventually { try server.admin("/readyz").status == 200 }
            #expect(try server.post(WatchedServer.body("a")).status == 200)
        }
    }

    @Test func `is not ready while it stops, and says so as long as requests are answered`() async throws {
        try await WatchedServer.run { server in
            let port = try #require(server.server.addresses.first?.split(separator: ":").last.flatMap { UInt16($0) })
            let client = try RawClient(port: port)
            let head = ["POST /webhooks/bitgo HTTP/1.1", "Host: h", "Content-Length: 2", "Expect: 100-continue"]
            try client.send(head.joined(separator: "\r\n") + "\r\n\r\n")
            #expect(try client.response().status == 100)
            async let stopped: Void = onThread { server.server.stop() }
            try await eventually { try server.admin("/readyz").text == #"{"ready":false,"reason":"stopping"}"# }
            #expect(try server.admin("/healthz").status == 200)
            try client.send("{}")
            #expect(try client.response().status == 401)
            try await stopped
        }
    }

    // MARK: - What the provider takes for a failure

    /// A request, its answer, and whether it counts.
    @Test(
        arguments: [
            ("GET /webhooks/bitgo HTTP/1.1\r\nHost: h\r\n\r\n", 405, 1),
            ("POST /webhooks/bitgo/identityStatus HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 401, 1),
            ("POST /webhooks/bitgo HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n", 413, 1),
            ("POST /webhooks/bitgo HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n\r\n", 415, 1),
            ("POST /webhooks/bitgo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400, 1),
            ("POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 404, 0),
            ("POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n", 413, 0),
            ("POST /webhooks/bitgo/a/b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 404, 0),
            ("nonsense\r\n\r\n", 400, 0),
        ]
    )
    func `an answer other than 200 on a source's path is counted for it`(
        request: String,
        status: Int,
        count: Int
    ) async throws {
        try await WatchedServer.run { server in
            #expect(try server.request(request).status == status)
            let metrics = try server.metrics()
            #expect(metrics.contains(#"kychook_provider_failures_7d{source="bitgo"} \#(count)"#))
            #expect(metrics.contains(#"kychook_http_answers_total{code="\#(status)"} 1"#))
        }
    }

    @Test func `a request that was held for too long is counted`() async throws {
        var limits = WatchedServer.limits
        (limits.uncommittedEvents, limits.commitWait) = (0, .milliseconds(10))
        try await WatchedServer.run(limits: limits) { server in
            #expect(try server.post(WatchedServer.body("a")).status == 503)
            let metrics = try server.metrics()
            #expect(metrics.contains(#"kychook_provider_failures_7d{source="bitgo"} 1"#))
            #expect(metrics.contains("kychook_http_held_requests_total 1"))
        }
    }

    @Test func `failures and the newest event's time survive a restart`() async throws {
        let (folder, clock) = (TemporaryDirectory(), MovableClock())
        try await WatchedServer.run(in: folder, clock: clock) { server async throws in
            #expect(try server.post(WatchedServer.body("a")).status == 200)
            #expect(try server.post("{}", signature: "").status == 401)
        }
        clock.advance(by: .seconds(3600))
        try await WatchedServer.run(in: folder, clock: clock) { server in
            #expect(try server.metrics().contains(#"kychook_provider_failures_7d{source="bitgo"} 1"#))
            try await eventually {
                try server.metrics().contains(#"kychook_seconds_since_last_event{source="bitgo"} 3600"#)
            }
        }
    }

    @Test func `a server that has stopped gives its state directory up, whoever still knows it`() async throws {
        let folder = TemporaryDirectory()
        var known: [Server] = []
        for _ in 0..<2 {
            try await WatchedServer.run(in: folder) { known.append($0.server) }
        }
        #expect(known.count == 2)
    }

    // MARK: - The check of the store (requirement R7)

    @Test func `a damaged store is told of while it serves on`() async throws {
        let folder = TemporaryDirectory()
        try await WatchedServer.run(in: folder) { server async throws in
            #expect(try server.post(WatchedServer.body("a")).status == 200)
        }
        try damage("event_of_subject", of: StateDirectory(path: folder.path))
        try await WatchedServer.run(in: folder) { server in
            try await eventually { try server.metrics().contains("kychook_store_damaged 1") }
            #expect(try server.admin("/readyz").status == 200)
            #expect(server.lines.withLock { $0.contains { $0.contains("stop the server, copy the file") } })
        }
    }

    @Test func `numbers that no healthy store holds do it no harm`() async throws {
        let folder = TemporaryDirectory()
        let directory = StateDirectory(path: folder.path)
        try await WatchedServer.run(in: folder) { server async throws in
            #expect(try server.post(WatchedServer.body("a")).status == 200)
        }
        for number in [Int64.min, -1, .max] {
            try directory.execute(
                """
                DELETE FROM sink; DELETE FROM provider_failure;
                INSERT INTO sink (name, cursor, added, state, state_since, stood) VALUES ('s', \(number), 0, 'x', \(number), \(number));
                INSERT INTO provider_failure VALUES ('bitgo', 491318, \(number)), ('bitgo', 491318 - 1, \(number)), ('bitgo', \(number), 1);
                UPDATE event SET received = \(number);
                """
            )
            try await WatchedServer.run(in: folder) { server async throws in
                #expect(try server.admin("/metrics").status == 200)
                #expect(try server.post("{}", signature: "").status == 401)
                try await eventually { server.lines.withLock { $0.contains { $0.contains("is sound") } } }
                #expect(try server.admin("/metrics").status == 200)
            }
        }
    }

    @Test func `a sound store is told of too`() async throws {
        try await WatchedServer.run { server in
            try await eventually { server.lines.withLock { $0.contains { $0.contains("is sound") } } }
            #expect(try server.metrics().contains("kychook_store_damaged 0"))
        }
    }
}
