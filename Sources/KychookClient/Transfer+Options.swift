import CCurl

extension Transfer {
    /// Tells libcurl everything about the request. False: it has no memory, or lacks a feature it was built with.
    func configure() -> Bool {
        var options = Options(handle: handle)
        options.check(kychook_curl_set_error_buffer(handle, errorText))
        options.check(
            kychook_curl_set_callbacks(
                handle,
                Unmanaged.passUnretained(self).toOpaque(),
                onBody,
                onHeadLine,
                onOpenSocket,
                onRequest
            )
        )
        options.text(CURLOPT_URL, request.url)
        setMessage(&options)
        setLimits(&options)
        setSafety(&options)
        setTLS(&options)
        return options.areSet
    }

    private func setMessage(_ options: inout Options) {
        if request.method == .get {
            options.number(CURLOPT_HTTPGET, 1)
        } else {
            options.number(CURLOPT_POST, 1)
            options.check(request.body.withUnsafeBytes { kychook_curl_set_body(handle, $0.baseAddress, $0.count) })
            if request.method != .post { options.text(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
        }
        // Expect: 100-continue would cost a round trip for every larger body.
        var lines = ["Expect:"] + request.headers.map(\.line)
        // libcurl would call every body a form.
        let hasType = request.headers.contains { $0.name.lowercased() == "content-type" }
        if !hasType { lines.append("Content-Type:") }
        for line in lines {
            guard let list = curl_slist_append(headerList, line) else { return options.check(CURLE_OUT_OF_MEMORY) }
            headerList = list
        }
        options.check(kychook_curl_set_headers(handle, headerList))
        if request.usesFreshConnection { options.number(CURLOPT_FRESH_CONNECT, 1) }
        guard request.onProgress != nil else { return }
        options.check(kychook_curl_set_progress(handle, Unmanaged.passUnretained(self).toOpaque(), onProgress))
    }

    private func setLimits(_ options: inout Options) {
        let limits = request.limits
        options.number(CURLOPT_TIMEOUT_MS, limits.total.positiveMilliseconds)
        options.number(CURLOPT_CONNECTTIMEOUT_MS, limits.connect.positiveMilliseconds)
        if let lowSpeed = limits.lowSpeed {
            options.number(CURLOPT_LOW_SPEED_LIMIT, lowSpeed.bytesPerSecond)
            options.number(CURLOPT_LOW_SPEED_TIME, max(1, lowSpeed.period.positiveMilliseconds / 1000))
        }
        // An endless answer must not keep the thread busy until its deadline.
        options.check(kychook_curl_set_size(handle, CURLOPT_MAX_RECV_SPEED_LARGE, 16 << 20))
        // A connection that has been idle for longer has likely been closed by the other side.
        options.number(CURLOPT_MAXAGE_CONN, 60)
    }

    private func setSafety(_ options: inout Options) {
        options.text(CURLOPT_PROTOCOLS_STR, "http,https")
        options.number(CURLOPT_FOLLOWLOCATION, 0)
        // Set, even to nothing, so that no environment variable is looked at.
        options.text(CURLOPT_PROXY, request.proxy ?? "")
        options.text(CURLOPT_NOPROXY, "")
        options.number(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        options.number(CURLOPT_NOSIGNAL, 1)
        // Otherwise ending a transfer would wait for a name server that does not answer, and all others with it.
        options.number(CURLOPT_QUICK_EXIT, 1)
    }

    private func setTLS(_ options: inout Options) {
        options.number(CURLOPT_SSL_VERIFYPEER, 1)
        options.number(CURLOPT_SSL_VERIFYHOST, 2)
        options.number(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let authorities = request.tls.certificateAuthorities {
            options.text(CURLOPT_CAINFO, authorities)
            // Debian's libcurl looks into the system's directory as well, unless told not to.
            options.text(CURLOPT_CAPATH, nil)
        }
        if let certificate = request.tls.clientCertificate {
            options.text(CURLOPT_SSLCERT, certificate)
            options.text(CURLOPT_SSLKEY, request.tls.clientKey ?? certificate)
            // Without one, OpenSSL asks the terminal, and every other transfer would wait for whoever sits there.
            options.text(CURLOPT_KEYPASSWD, "")
        }
    }
}

/// Sets options one after another and remembers whether all were taken.
private struct Options {
    let handle: UnsafeMutableRawPointer
    private(set) var areSet = true

    init(handle: UnsafeMutableRawPointer) {
        self.handle = handle
    }

    mutating func check(_ code: CURLcode) {
        if code != CURLE_OK { areSet = false }
    }

    mutating func number(_ option: CURLoption, _ value: Int) {
        check(kychook_curl_set_number(handle, option, value))
    }

    mutating func text(_ option: CURLoption, _ value: String?) {
        check(kychook_curl_set_text(handle, option, value))
    }
}

// MARK: - Callbacks; libcurl calls them on the client's thread only

private func onBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    transfer(context)?.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}

private func onHeadLine(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer(context)?.receive(headLine: line) == true ? line.count : 0
}

private func onOpenSocket(
    _ context: UnsafeMutableRawPointer?,
    _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let transfer = transfer(context), let address else { return CURL_SOCKET_BAD }
    return transfer.openSocket(for: address)
}

private func onRequest(
    _ context: UnsafeMutableRawPointer?,
    _ remote: UnsafeMutablePointer<CChar>?,
    _ local: UnsafeMutablePointer<CChar>?,
    _ remotePort: Int32,
    _ localPort: Int32
) -> Int32 {
    guard let transfer = transfer(context), let remote else { return CURL_PREREQFUNC_ABORT }
    return transfer.mayRequest(of: String(cString: remote)) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

private func onProgress(
    _ context: UnsafeMutableRawPointer?,
    _ expected: curl_off_t,
    _ received: curl_off_t,
    _ toSend: curl_off_t,
    _ sent: curl_off_t
) -> Int32 {
    transfer(context)?.progress(sent: Int(sent))
    return 0
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

// MARK: - Values as libcurl wants them

extension ClientRequest.Field {
    /// libcurl drops a field that ends in a colon; the semicolon form sends it empty.
    fileprivate var line: String {
        value.isEmpty ? "\(name);" : "\(name): \(value)"
    }
}

extension Duration {
    /// At least 1: libcurl takes 0 for "no limit".
    fileprivate var positiveMilliseconds: Int {
        let (seconds, attoseconds) = components
        let bounded = Int(min(max(seconds, 0), 1_000_000_000))
        return max(1, bounded * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
