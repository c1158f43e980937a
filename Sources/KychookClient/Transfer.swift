import CCurl
import Glibc
import KychookLinux

/// One request under way: what libcurl's callbacks collect, and what its end means.
///
/// Owned by the client's thread, on which the callbacks run too. libcurl holds an unretained pointer to it; the engine
/// keeps it until the handle is out of libcurl's hands.
final class Transfer {
    let handle: UnsafeMutableRawPointer
    let request: ClientRequest
    var ticket: WorkTicket { submission.ticket }

    private let submission: Submission
    private var response = ClientResponse(status: 0, fields: [], body: [], bodyLength: 0)
    private var headInBytes = 0
    private var sentInBytes = 0
    private var openedSocket = false
    private var isConnected = false
    private var refused: TargetAddress?

    /// libcurl's, freed in ``deinit``.
    var headerList: UnsafeMutablePointer<curl_slist>?
    let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// Status line and fields of all interim answers and of the final one; libcurl itself has no bound.
    private static let headLimitInBytes = 65_536
    private static let fieldsLimit = 32

    init(_ submission: Submission, on handle: UnsafeMutableRawPointer) {
        self.submission = submission
        self.handle = handle
        request = submission.request
        errorText.pointee = 0
    }

    deinit {
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    func finish(_ result: Result<ClientResponse, ClientError>) {
        submission.continuation.resume(returning: result)
    }

    // MARK: - Callbacks

    func receive(_ bytes: UnsafeRawBufferPointer) {
        response.bodyLength += bytes.count
        let room = request.limits.answerInBytes - response.body.count
        if room > 0 { response.body.append(contentsOf: bytes.prefix(room)) }
    }

    /// One line of the head. False: enough of it.
    func receive(headLine line: UnsafeRawBufferPointer) -> Bool {
        headInBytes += line.count
        guard headInBytes <= Transfer.headLimitInBytes else { return false }
        // A status line: what came before belonged to an interim answer.
        if line.starts(with: "HTTP/".utf8) { response.fields = [] }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), response.fields.count < Transfer.fieldsLimit else {
            return true
        }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        guard request.wantedFields.contains(name) else { return true }
        let value = line[(colon + 1)...].trimmingBlanks
        response.fields.append(ClientRequest.Field(name, String(decoding: value, as: UTF8.self)))
        return true
    }

    /// libcurl calls often, also when nothing has moved.
    func progress(sent: Int) {
        guard sent > sentInBytes else { return }
        sentInBytes = sent
        request.onProgress?(sent)
    }

    /// Opens a socket for a resolved address, or refuses to.
    func openSocket(for address: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return CURL_SOCKET_BAD }
        let raw = UnsafeRawPointer(address) + offset
        let length = Int(address.pointee.addrlen)
        guard let target = TargetAddress(raw, length: length), isAllowed(target) else { return CURL_SOCKET_BAD }
        openedSocket = true
        return socket(address.pointee.family, address.pointee.socktype | closeOnExec, address.pointee.`protocol`)
    }

    /// Called when the connection stands, new or reused: one that another request opened is checked here.
    func mayRequest(of remote: String) -> Bool {
        isConnected = true
        guard let target = TargetAddress(remote) else { return false }
        return isAllowed(target)
    }

    private func isAllowed(_ target: TargetAddress) -> Bool {
        if request.allowsPrivateTargets || target.isPublic { return true }
        refused = target
        return false
    }

    // MARK: - The end

    func result(_ code: CURLcode) -> Result<ClientResponse, ClientError> {
        guard code == CURLE_OK else { return .failure(error(for: code)) }
        response.status = kychook_curl_number(handle, CURLINFO_RESPONSE_CODE)
        return .success(response)
    }

    private func error(for code: CURLcode) -> ClientError {
        switch code {
        case CURLE_URL_MALFORMAT: .invalidRequest(.url)
        case CURLE_COULDNT_RESOLVE_PROXY: .invalidRequest(.proxy)
        case CURLE_COULDNT_RESOLVE_HOST: .couldNotResolve(host: request.host)
        case CURLE_COULDNT_CONNECT: connectError
        case CURLE_ABORTED_BY_CALLBACK: refusal ?? .failed(reason: "aborted")
        case CURLE_OPERATION_TIMEDOUT: .timedOut(phase)
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2_STREAM:
            proxyError ?? alertError(code) ?? .cut
        case CURLE_PROXY: proxyError ?? .couldNotConnect(reason: "the proxy failed")
        // HTTP/0.9 is an unsupported protocol; a write error is our own end of an endless head.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_WRITE_ERROR, CURLE_HTTP2,
            CURLE_BAD_CONTENT_ENCODING:
            .malformedAnswer
        case CURLE_SSL_CACERT_BADFILE: .invalidRequest(.certificateAuthorities)
        case CURLE_SSL_CERTPROBLEM: .invalidRequest(.clientCertificate)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED,
            CURLE_SSL_SHUTDOWN_FAILED, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CLIENTCERT:
            .tlsFailed(reason: tlsReason(code))
        default: .failed(reason: String(cString: curl_easy_strerror(code)))
        }
    }

    private var refusal: ClientError? {
        refused.map { .refusedTarget(address: $0.description) }
    }

    private var connectError: ClientError {
        if !openedSocket, let refusal { return refusal }
        let code = Int32(truncatingIfNeeded: kychook_curl_number(handle, CURLINFO_OS_ERRNO))
        guard code != 0 else { return .couldNotConnect(reason: "no address of the name answered") }
        return .couldNotConnect(reason: SystemError(call: "connect", code: code).reason)
    }

    /// A proxy's own refusal to connect further.
    private var proxyError: ClientError? {
        let status = kychook_curl_number(handle, CURLINFO_HTTP_CONNECTCODE)
        guard status != 0, !(200..<300).contains(status) else { return nil }
        return .couldNotConnect(reason: "the proxy answered \(status)")
    }

    /// Since TLS 1.3 a server refuses a client's certificate after the handshake: it looks like a cut connection.
    private func alertError(_ code: CURLcode) -> ClientError? {
        let detail = detail(code)
        return detail.contains("SSL_read") && detail.contains("alert") ? .tlsFailed(reason: tlsReason(code)) : nil
    }

    private func tlsReason(_ code: CURLcode) -> String {
        let result = kychook_curl_number(handle, CURLINFO_SSL_VERIFYRESULT)
        return TLSFailure(verifyResult: result, detail: detail(code), host: request.host).reason
    }

    private var phase: ClientError.Phase {
        if !isConnected { return openedSocket ? .connecting : .resolving }
        if kychook_curl_number(handle, CURLINFO_RESPONSE_CODE) != 0 { return .receiving }
        let sent = kychook_curl_size(handle, CURLINFO_SIZE_UPLOAD_T)
        return sent < request.body.count ? .sending : .waiting
    }

    /// libcurl's sentence on a failed handshake: host and certificate, never a URL. The peer chose parts of it.
    private func detail(_ code: CURLcode) -> String {
        let text = String(cString: errorText)
        guard !text.isEmpty else { return String(cString: curl_easy_strerror(code)) }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(200).map { $0.value < 0x20 ? " " : $0 }))
    }
}

private let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)

extension Slice<UnsafeRawBufferPointer> {
    /// Without blanks and line ends on either side.
    fileprivate var trimmingBlanks: Slice<UnsafeRawBufferPointer> {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}
