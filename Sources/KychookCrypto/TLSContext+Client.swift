internal import COpenSSL

/// The other end, for tests and benchmarks: kychook's own requests are made by libcurl.
extension TLSContext {
    /// What a client offers.
    package struct ClientOffer: Sendable {
        package enum Version: Int32, Sendable {
            case tls11 = 0x0302
            case tls12 = 0x0303
            case tls13 = 0x0304
        }

        package var versions: ClosedRange<Version>
        /// In ALPN; empty: the extension is left out.
        package var protocols: [String]

        package init(versions: ClosedRange<Version> = .tls12 ... .tls13, protocols: [String] = ["http/1.1"]) {
            self.versions = versions
            self.protocols = protocols
        }
    }

    /// For a client that trusts anybody.
    package static func client(_ offer: ClientOffer = ClientOffer()) -> TLSContext {
        let context = make(TLS_client_method())
        // Below 1.2 nothing is left at higher levels.
        if offer.versions.lowerBound == .tls11 { SSL_CTX_set_security_level(context, 0) }
        SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=\(SSL_CTX_get_security_level(context))")
        let versions = (offer.versions.lowerBound.rawValue, offer.versions.upperBound.rawValue)
        openSSL("SSL_CTX_set_max_proto_version", kychook_tls_set_versions(context, versions.0, versions.1))
        let names = offer.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !names.isEmpty { SSL_CTX_set_alpn_protos(context, names, UInt32(names.count)) }
        return TLSContext(client: context)
    }
}

extension TLSContext.ClientOffer.Version: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
