import KychookBitGo
import Testing

@Suite struct BitGoBaseURLTests {
    @Test(arguments: [
        ("test", "https://app.bitgo-test.com"), ("production", "https://app.bitgo.com"),
        ("https://bitgo.example:8443/", "https://bitgo.example:8443"), ("https://host/under/", "https://host/under"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("http://localhost", "http://localhost"),
        ("http://[::1]:1", "http://[::1]:1"),
    ])
    func `names and urls are taken`(text: String, url: String) throws {
        #expect(try BitGoBaseURL(text).description == url)
    }

    @Test(arguments: [
        "http://app.bitgo.com", "http://127.0.0.1.example", "http://localhost.example", "http://10.0.0.1",
        "http://[::2]", "http://127.1",
    ])
    func `http is for this machine only`(text: String) {
        #expect(throws: BitGoBaseURL.Fault.plain) { try BitGoBaseURL(text) }
    }

    @Test(arguments: [
        "", "Test", "app.bitgo.com", "ftp://host", "https://", "https:///path", "https://user@host", "https://host?a=b",
        "https://host#a", "https://ho st", "https://:1", "http://127.0.0.1@evil.example", "https://h\\evil",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: BitGoBaseURL.Fault.notAURL) { try BitGoBaseURL(text) }
    }
}
