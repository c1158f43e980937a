import Glibc
import KychookClient
import KychookLinux
import KychookModel
import KychookSinks
import KychookTesting

struct HTTPForwardUnderTest: SinkUnderTest {
    let target: FaultyTarget
    let sink: any Sink
    private let released = Locked<Set<String>>([])

    init(_ treatment: Treatment, timeout: Duration) {
        target =
            switch treatment {
            case .succeeds: FaultyTarget(.answer(200))
            case .failsOnce: FaultyTarget(.answer(500), .answer(200))
            case .failsAlways: FaultyTarget(.answer(503, body: [UInt8](repeating: 1, count: 9000)))
            case .hangs: FaultyTarget(.silence)
            case .dies: FaultyTarget(.cutBody)
            case .held: FaultyTarget(.decided { [released] in HTTPForwardUnderTest.answer(to: $0, released) })
            }
        let configuration = SinkConfiguration.HTTP(url: target.url, timeout: timeout, allowsPrivateTargets: true)
        // Other tests may keep the one that ends this silence waiting.
        sink = HTTPForward(configuration: configuration, client: HTTPClient(), silence: .seconds(600))
    }

    var received: [[UInt8]] { target.answered.map(\.body) }

    func attemptBegan(_ delivery: Delivery) async {
        var arrivals = target.arrivals.makeAsyncIterator()
        while !target.requests.contains(where: { $0.eventID == delivery.event.id.description }) {
            _ = await arrivals.next()
        }
    }

    func release(_ delivery: Delivery) {
        released.withLock { _ = $0.insert(delivery.event.id.description) }
    }

    private static func answer(
        to request: FaultyTarget.Request,
        _ released: Locked<Set<String>>
    ) -> FaultyTarget.Behaviour? {
        guard released.withLock({ $0.contains(request.eventID) }) else { return nil }
        let isOdd = "13579".contains(request.eventID.suffix(1))
        return .answer(isOdd ? 200 : 503, body: Array(request.eventID.utf8))
    }
}

extension FaultyTarget.Request {
    fileprivate var eventID: String { values(of: "webhook-id").first ?? "" }
}

struct ShellHookUnderTest: SinkUnderTest {
    let script: HookScript
    let sink: any Sink

    init(_ treatment: Treatment, timeout: Duration) throws {
        let body =
            switch treatment {
            case .succeeds: #"cat > "$DIR/got.$KYCHOOK_EVENT_ID""#
            case .failsOnce: #"test -e "$DIR/flag" || { touch "$DIR/flag"; exit 1; }"#
            case .failsAlways: "head -c 9000 /dev/zero; exit 7"
            case .hangs: #": > "$DIR/began.$KYCHOOK_EVENT_ID"; exec sleep 600"#
            case .dies: "head -c 5 > /dev/null; kill -9 $$"
            case .held:
                #"""
                : > "$DIR/began.$KYCHOOK_EVENT_ID"
                cat "$DIR/go.$KYCHOOK_EVENT_ID"
                printf %s "$KYCHOOK_EVENT_ID"
                case $KYCHOOK_EVENT_ID in *[13579]) exit 0;; *) exit 1;; esac
                """#
            }
        script = try HookScript(body)
        for number in 1...6 {
            for name in ["began", "go"] {
                let path = script.directory.path("\(name).\(Delivery.sample(number).event.id)")
                _ = try system("mkfifo") { mkfifo(path, 0o600) }
            }
        }
        sink = try script.hook(timeout: timeout, grace: .milliseconds(200))
    }

    /// What each program read, without the line end after the document.
    var received: [[UInt8]] {
        get throws {
            try script.files(startingWith: "got.").map { $0.last == UInt8(ascii: "\n") ? Array($0.dropLast()) : [] }
        }
    }

    /// Opening a FIFO blocks until its writer comes: on a thread of its own, not on one of the pool's.
    func attemptBegan(_ delivery: Delivery) async {
        await withCheckedContinuation { continuation in
            Thread(named: "fifo") { [script] in
                _ = try? Descriptor.open(script.directory.path("began.\(delivery.event.id)"), O_RDONLY)
                continuation.resume()
            }.detach()
        }
    }

    /// Opening the FIFO for writing lets its reader go on.
    func release(_ delivery: Delivery) {
        Thread(named: "fifo") { [script] in
            _ = try? Descriptor.open(script.directory.path("go.\(delivery.event.id)"), O_WRONLY)
        }.detach()
    }
}

/// A shell script in a directory of its own, which it knows as `$DIR`.
///
/// Run by an explicit `sh`: executed itself it could be "busy", while a child of another test still has it open.
final class HookScript: Sendable {
    let directory = TemporaryDirectory()
    let path: String

    init(_ body: String) throws {
        path = directory.path("hook")
        try write("\(body)\n", to: path)
    }

    func hook(
        arguments: [String] = [],
        timeout: Duration = .seconds(20),
        grace: Duration = .milliseconds(200),
        environment: [String: String] = [:],
        workingDirectory: String? = nil
    ) throws -> ScriptHook {
        let configuration = SinkConfiguration.Shell(
            command: ["/bin/sh", path] + arguments,
            timeout: timeout,
            environment: environment.merging(["DIR": directory.path]) { $1 },
            workingDirectory: workingDirectory
        )
        return ScriptHook(hook: try ShellHook(configuration: configuration, grace: grace), script: self)
    }

    func files(startingWith prefix: String) throws -> [[UInt8]] {
        try listing(of: directory.path).filter { $0.hasPrefix(prefix) }.map { name in
            try Descriptor.open(directory.path(name), O_RDONLY).readAll(limit: .max)
        }
    }
}

/// A hook that keeps its script on the disk.
struct ScriptHook: Sink {
    let hook: ShellHook
    let script: HookScript

    func deliver(_ delivery: Delivery) async -> AttemptResult {
        await hook.deliver(delivery)
    }
}

/// The names in a directory, sorted.
func listing(of path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        names.append(withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) })
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
}
