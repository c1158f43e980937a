/// One request to make, with every limit that ends it.
///
/// What is not here never happens: no redirect is followed, no cookie kept, no `.netrc` read, no proxy taken from the
/// environment, and the server's certificate is always verified.
package struct ClientRequest: Sendable {
    package enum Method: String, CaseIterable, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package var method: Method
    /// Absolute, `http` or `https`.
    package var url: String
    /// Sent in this order. A name or value with control bytes makes the request invalid.
    package var headers: [Field]
    /// Sent as it is, with its own Content-Length; not sent with `get`.
    package var body: [UInt8]
    package var limits: Limits
    /// Loopback, private and link-local addresses may be connected to.
    package var allowsPrivateTargets: Bool
    package var tls: TLS
    /// `http://host:port`; nil: direct. The target check then looks at the proxy's address only.
    package var proxy: String?
    /// Lower-case names of the answer's fields that the caller wants to see.
    package var wantedFields: Set<String>
    /// Never sent over a connection that was used before: libcurl sends a request again, whatever its method, when such
    /// a connection turns out to be closed.
    package var usesFreshConnection = false
    /// Told on the client's thread, which it must not hold up, how much of the body has left so far.
    package var onProgress: (@Sendable (_ sentBytes: Int) -> Void)?

    package init(
        _ method: Method,
        _ url: String,
        headers: [Field] = [],
        body: [UInt8] = [],
        limits: Limits = Limits(),
        allowsPrivateTargets: Bool = false,
        tls: TLS = TLS(),
        proxy: String? = nil,
        wantedFields: Set<String> = ["content-type", "retry-after"]
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
        self.allowsPrivateTargets = allowsPrivateTargets
        self.tls = tls
        self.proxy = proxy
        self.wantedFields = wantedFields
    }

    package struct Field: Equatable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Limits: Equatable, Sendable {
        /// From submitting to the last byte of the answer.
        package var total: Duration
        /// Resolving, connecting and the TLS handshake together.
        package var connect: Duration
        /// Cut when fewer bytes a second move in either direction for so long. Waiting for the answer counts.
        package var lowSpeed: LowSpeed?
        /// So much of the answer's body is kept; the rest is read and thrown away, until `total` ends it.
        package var answerInBytes: Int

        package init(
            total: Duration = .seconds(10),
            connect: Duration = .seconds(5),
            lowSpeed: LowSpeed? = nil,
            answerInBytes: Int = 65_536
        ) {
            self.total = total
            self.connect = connect
            self.lowSpeed = lowSpeed
            self.answerInBytes = answerInBytes
        }
    }

    package struct LowSpeed: Equatable, Sendable {
        package var bytesPerSecond: Int
        /// Whole seconds, at least one.
        package var period: Duration

        package init(bytesPerSecond: Int, period: Duration) {
            self.bytesPerSecond = bytesPerSecond
            self.period = period
        }
    }

    /// Paths of PEM files.
    package struct TLS: Equatable, Sendable {
        /// Trusted instead of the system's certificate authorities, not beside them.
        package var certificateAuthorities: String?
        package var clientCertificate: String?
        package var clientKey: String?

        package init(
            certificateAuthorities: String? = nil,
            clientCertificate: String? = nil,
            clientKey: String? = nil
        ) {
            self.certificateAuthorities = certificateAuthorities
            self.clientCertificate = clientCertificate
            self.clientKey = clientKey
        }
    }
}

/// A whole answer, whatever its status.
package struct ClientResponse: Equatable, Sendable {
    package var status: Int
    /// The wanted fields in the order of arrival, names in lower case.
    package var fields: [ClientRequest.Field]
    /// The first bytes of the body, up to the request's limit.
    package var body: [UInt8]
    /// How long the body was in all.
    package var bodyLength: Int

    /// The first value of a field that was asked for.
    package func value(of name: String) -> String? {
        fields.first { $0.name == name }?.value
    }
}
