/// One configured sink: what it wants, where it goes, how hard it is tried.
package struct SinkConfiguration: Sendable {
    package var name: String
    package var filter: SinkFilter
    package var kind: Kind
    package var retry: RetryPolicy
    package var circuit: CircuitRule
    /// Attempts under way at once, at least 1; a log and standard output always have one.
    package var maxInFlight: Int
    /// Events a second at most; nil: as fast as it goes.
    package var rate: Double?
    package var start: Start

    package init(
        name: String,
        filter: SinkFilter = .everything,
        kind: Kind,
        retry: RetryPolicy = .standard,
        circuit: CircuitRule = .standard,
        maxInFlight: Int? = nil,
        rate: Double? = nil,
        start: Start = .now
    ) {
        self.name = name
        self.filter = filter
        self.kind = kind
        self.retry = retry
        self.circuit = circuit
        self.maxInFlight = maxInFlight ?? kind.defaultMaxInFlight
        self.rate = rate
        self.start = start
    }

    /// A new kind of sink is one case here; the compiler then lists every place that must know it.
    package enum Kind: Sendable {
        case log(Log)
        case shell(Shell)
        case http(HTTP)
        /// A line a document on the server's standard output.
        case stdout

        package var defaultMaxInFlight: Int {
            switch self {
            case .log, .shell, .stdout: 1
            case .http: 16
            }
        }

        /// Its attempts take the processor from the acceptance where targets are near and quick.
        package var isCostly: Bool {
            switch self {
            case .http: true
            case .log, .shell, .stdout: false
            }
        }

        /// The key that names the kind in the configuration.
        package var name: String {
            switch self {
            case .log: "log"
            case .shell: "shell"
            case .http: "http"
            case .stdout: "stdout"
            }
        }
    }

    /// Where in the event log a sink that was never seen before begins.
    package enum Start: String, CaseIterable, Sendable {
        case now, beginning
    }

    package struct Log: Equatable, Sendable {
        package var path: String
        /// Rotate when the file would grow past this size; nil: never by itself.
        package var rotateSize: ByteCount?
        /// How many rotated files are kept.
        package var keep: Int
        package var body: BodyDetail

        package init(path: String, rotateSize: ByteCount? = nil, keep: Int = 10, body: BodyDetail = .full) {
            self.path = path
            self.rotateSize = rotateSize
            self.keep = keep
            self.body = body
        }

        /// Whether `data` stands in the lines; without it they hold identifiers and statuses only.
        package enum BodyDetail: String, CaseIterable, Sendable {
            case full, none
        }
    }

    package struct Shell: Equatable, Sendable {
        /// The program and its arguments; no shell in between.
        package var command: [String]
        package var timeout: Duration
        package var environment: [String: String]
        package var workingDirectory: String?
        /// Run as this user; needs the right to.
        package var user: String?

        package init(
            command: [String],
            timeout: Duration = .seconds(30),
            environment: [String: String] = [:],
            workingDirectory: String? = nil,
            user: String? = nil
        ) {
            self.command = command
            self.timeout = timeout
            self.environment = environment
            self.workingDirectory = workingDirectory
            self.user = user
        }
    }

    package struct HTTP: Sendable {
        package var url: String
        /// The whole attempt, from connecting to the end of the answer.
        package var timeout: Duration
        package var connectTimeout: Duration
        package var format: Format
        /// Signs by Standard Webhooks when set.
        package var signingSecret: Secret?
        /// Private, loopback and link-local targets.
        package var allowsPrivateTargets: Bool
        /// With `format: original`: the provider's own signature header goes along.
        package var passesSignature = false
        /// PEM files; nil: the system's certificate store, and no client certificate.
        package var certificateAuthorities: String?
        package var clientCertificate: String?
        package var clientKey: String?
        /// `http://host:port`; never taken from the environment.
        package var proxy: String?

        package init(
            url: String,
            timeout: Duration = .seconds(10),
            connectTimeout: Duration = .seconds(5),
            format: Format = .cloudEvents,
            signingSecret: Secret? = nil,
            allowsPrivateTargets: Bool = false,
            certificateAuthorities: String? = nil
        ) {
            self.url = url
            self.timeout = timeout
            self.connectTimeout = connectTimeout
            self.format = format
            self.signingSecret = signingSecret
            self.allowsPrivateTargets = allowsPrivateTargets
            self.certificateAuthorities = certificateAuthorities
        }

        package enum Format: String, CaseIterable, Sendable {
            case cloudEvents = "cloudevents"
            case original
        }
    }
}
