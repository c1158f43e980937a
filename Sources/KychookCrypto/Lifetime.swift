internal import COpenSSL

/// Lets OpenSSL's state last as long as the process. Before anything else of OpenSSL, once.
///
/// Otherwise exit(3) frees it while other threads hash or speak TLS, and a start that fails when they run already ends now
/// and then in a crash, and not with its exit code.
package func keepOpenSSLToTheEnd() {
    openSSL("OPENSSL_init_crypto", OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil))
}
