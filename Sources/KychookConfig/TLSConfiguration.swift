package import KychookCrypto
import KychookLinux
package import KychookModel

/// Who a listener is: its certificate and key, read and found to fit.
package struct TLSConfiguration: Sendable {
    /// Absolute path of a PEM file: the server's own certificate first, then those that lead to the authority.
    package var certificate: String
    /// Absolute path of a PEM file.
    package var key: String
    /// What the files held when the configuration was read.
    package var context: TLSContext
    /// Of the server's own certificate.
    package var end: Timestamp
}

/// The same files, whatever is in them: a renewed certificate is no other configuration.
extension TLSConfiguration: Equatable {
    package static func == (left: TLSConfiguration, right: TLSConfiguration) -> Bool {
        (left.certificate, left.key) == (right.certificate, right.key)
    }
}

extension Reading {
    private static let sizeLimitInBytes = 1 << 20
    /// Before the end of a certificate; authorities renew earlier.
    private static let renewal = Duration.days(30)

    /// `tls: { certificate: PATH, key: PATH }`
    func tls(_ value: YAMLValue) -> TLSConfiguration? {
        guard let mapping = MappingReader(value, named: "`tls`", diagnostics: diagnostics) else { return nil }
        defer { mapping.finish() }
        let certificate = mapping.required("certificate", example: "`certificate: PATH` of a PEM file")
        let key = mapping.required("key", example: "`key: PATH` of a PEM file")
        // Both are read before either ends this, so that both are reported at once.
        let chainFile = certificate.flatMap { file($0, "certificate", isSecret: false) }
        let keyFile = key.flatMap { file($0, "key", isSecret: true) }
        guard let certificate, let key, let chainFile, let keyFile else { return nil }
        do throws(CertificateFault) {
            let identity = try ServerIdentity(certificate: chainFile.bytes, key: keyFile.bytes)
            checkDates(of: identity, in: chainFile.path, at: certificate.position)
            if !identity.isChainInOrder {
                let message =
                    "the certificates in \(chainFile.path) are not in order, and some clients will refuse them: "
                    + "the server's own first, then each one's issuer"
                diagnostics.warn(message, at: certificate.position)
            }
            let context = try TLSContext(identity)
            return TLSConfiguration(
                certificate: chainFile.path,
                key: keyFile.path,
                context: context,
                end: Timestamp(milliseconds: identity.validTo * 1000)
            )
        } catch {
            let isKey = error == .noKey || error == .encryptedKey
            let message = words(for: error, certificate: chainFile.path, key: keyFile.path)
            diagnostics.error(message, at: isKey ? key.position : certificate.position)
            return nil
        }
    }

    private func file(_ value: YAMLValue, _ name: String, isSecret: Bool) -> (path: String, bytes: [UInt8])? {
        guard let path = path(value, named: "`\(name)`") else { return nil }
        do throws(SystemError) {
            let contents = try surroundings.readFile(path, Reading.sizeLimitInBytes + 1).get()
            guard let fault = contents.fault(limit: .bytes(Reading.sizeLimitInBytes), isSecret: isSecret) else {
                return (path, contents.bytes)
            }
            diagnostics.error("the \(name) \(path) \(fault)", at: value.position)
        } catch {
            diagnostics.error("the \(name) \(path) cannot be read: \(error.reason)", at: value.position)
        }
        return nil
    }

    private func checkDates(of identity: borrowing ServerIdentity, in path: String, at position: TextPosition) {
        let now = surroundings.clock.now()
        let start = Timestamp(milliseconds: identity.validFrom * 1000)
        let end = Timestamp(milliseconds: identity.validTo * 1000)
        if now > end {
            diagnostics.error("the certificate \(path) expired at \(end): renew it", at: position)
        } else if now < start {
            diagnostics.error("the certificate \(path) is not valid before \(start): is the clock right?", at: position)
        } else if now > end - Reading.renewal {
            let days = Int((end - now).inSeconds / 86_400)
            diagnostics.warn("the certificate \(path) expires at \(end), in \(days) days: renew it", at: position)
        }
        if let end = identity.chainValidTo.map({ Timestamp(milliseconds: $0 * 1000) }), now > end {
            let message =
                "a certificate after the first in \(path) expired at \(end), and some clients will refuse the server: "
                + "take the authority's present chain"
            diagnostics.warn(message, at: position)
        }
    }

    private func words(for fault: CertificateFault, certificate: String, key: String) -> String {
        switch fault {
        case .noCertificate: "the certificate \(certificate) holds no certificate in PEM form"
        case .brokenCertificate(let position): "certificate number \(position) in \(certificate) is damaged or cut off"
        case .noKey: "the key \(key) holds no key in PEM form"
        case .encryptedKey: "the key \(key) needs a passphrase: store it without one, readable by kychook alone"
        case .keyDoesNotMatch(nil): "the key \(key) does not belong to the certificate \(certificate)"
        case .keyDoesNotMatch(let position?):
            "the server's own certificate must come first in \(certificate): the key belongs to number \(position)"
        case .refused(let reason): "the certificate \(certificate) cannot be used: \(reason)"
        }
    }
}
