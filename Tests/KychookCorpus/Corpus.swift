/// Requests that a strict reader of RFC 9112 accepts, waits for more of, or refuses; each with its verdict.
package enum Corpus {
    package static let all = requestLines + targets + hosts + fields + lengths + codings + chunks + trailers + controls

    package static let requestLines: [Message] = [
        Message(line("GET / HTTP/1.1"), 200),
        Message(line("POST /webhooks/bitgo HTTP/1.1"), 200),
        Message("GET / HTTP/1.0\r\n\r\n", 200),
        Message(line("OPTIONS * HTTP/1.1"), 200),
        Message(line("OPTIONS *a HTTP/1.1"), 400),
        Message(line("POST * HTTP/1.1"), 400),
        Message(line("TRACE / HTTP/1.1"), 200),
        Message(line("BREW /pot HTTP/1.1"), 200),
        Message(line("get / HTTP/1.1"), 200),
        Message("\r\n" + line("GET / HTTP/1.1"), 200),
        Message("\r\n\r\n\r\n\r\n" + line("GET / HTTP/1.1"), 200),
        Message("\r\n\r\n\r\n\r\n\r\n" + line("GET / HTTP/1.1"), 400),
        Message("\n" + line("GET / HTTP/1.1"), 400),
        Message("", 0),
        Message("GET / HTTP/1.1\r\n", 0),
        Message("GET / HTTP/1.1\r\nHost: h\r\n", 0),
        Message("GET /\r\n\r\n", 400),
        Message("GET\r\n\r\n", 400),
        Message("GET \r\n\r\n", 400),
        Message(line("GET  / HTTP/1.1"), 400),
        Message(line("GET /  HTTP/1.1"), 400),
        Message(line("GET / HTTP/1.1 "), 400),
        Message(line(" GET / HTTP/1.1"), 400),
        Message(line("GET\t/ HTTP/1.1"), 400),
        Message(line("GET /\tHTTP/1.1"), 400),
        Message(line("GET / a HTTP/1.1"), 400),
        Message(line("GET / HTTP/1.10"), 400),
        Message(line("GET / HTTP/1.2"), 400),
        Message(line("GET / HTTP/2.0"), 400),
        Message(line("GET / HTTP/01.1"), 400),
        Message(line("GET / HTTP/1,1"), 400),
        Message(line("GET / http/1.1"), 400),
        Message(line("GET / HTTP1.1"), 400),
        Message(line("GET / HTTP/1.1a"), 400),
        Message(line("GET / HTTP/0.9"), 400),
        Message("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        Message([0x16, 3, 1, 2, 0], 400),
        Message(line("G@T / HTTP/1.1"), 400),
        Message(line("G(T) / HTTP/1.1"), 400),
        Message(line("\"GET\" / HTTP/1.1"), 400),
        Message(line("ABCDEFGHIJKLMNOPQRSTUVWX / HTTP/1.1"), 200),
        Message(line("ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1"), 400),
        Message("GET / HTTP/1.1\nHost: h\n\n", 400),
        Message("GET / HTTP/1.1\r\nHost: h\n\r\n", 400),
        Message("GET / HTTP/1.1\r\nHost: h\r\n\n", 400),
        Message("GET / HTTP/1.1\rHost: h\r\n\r\n", 400),
        Message("GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400),
        Message("GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", 400),
        Message("GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", 400),
    ]

    package static let targets: [Message] =
        [
            "/", "/a/b/c", "/a?b=c", "/?", "/a%20b", "/a%2Fb", "/-._~!$&'()*+,;=:@", "//", "/?a=/?%41",
            "http://h", "http://h/", "http://h:80/a", "https://h/a?b", "HTTP://h/", "http://[::1]:8080/a", "http://h?a",
        ].map { Message(line("GET \($0) HTTP/1.1"), 200) }
        + [
            "a", "*", "?", "h:80", "/a#b", "/a%", "/a%2", "/a%2g", "/a%%20", "/a\"b", "/a<b", "/a>b", "/a\\b", "/a^b",
            "/a`b", "/a{b", "/a|b", "/a}b", "/é", "/a\u{7f}", "http:///a", "http://", "ftp://h/", "http:/h/", "http//h",
            "http://u@h/", "http://h:a/", "http://h:65536/", "http://[::1/", "http://[:1]/", "http://h:80:80/",
            "http://h h/",
            "http://h\\@g/", "//h:80:80 ", "http://h/#a", "javascript:alert(1)",
        ].map { Message(line("GET \($0) HTTP/1.1"), 400) } + [Message(line("CONNECT h:80 HTTP/1.1"), 400)]

    package static let hosts: [Message] =
        [
            "h", "h:80", "h:", "example.com", "127.0.0.1:8080", "[::1]", "[::1]:8080", "[::ffff:1.2.3.4]", "a_b",
            "[::]",
            "[2001:DB8::1]:1", "[1:2:3:4:5:6:7:8]",
            "a%20b",
            "h:65535", " h ", "\th\t", "xn--bcher-kva.example",
        ].map { Message(host($0), 200) }
        + [
            "", " ", "h:65536", "h:123456", "h:a", "h:-1", "h:80:80", "u@h", "h/", "h?a", "h#a", "h h", "h,h", "[::1",
            "::1]", "[]", "[::1]a", "[g::1]", "[:::]", "[.]",
            "[1.2.3.4]", "[::1%25eth0]", "[12345::1]", "[1:2:3:4:5:6:7:8:9]", "[::1]:-", "[v1.x]", "*", "h:8 0",
            "h\\", "a%2", "http://h", "é",
        ].map { Message(host($0), 400) }
        + [
            Message("GET / HTTP/1.1\r\n\r\n", 400),
            Message("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400),
            Message("GET / HTTP/1.1\r\nHost: h\r\nX: y\r\nhOST: g\r\n\r\n", 400),
            Message("GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400),
            Message("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400),
            Message("GET http://h/ HTTP/1.1\r\n\r\n", 400),
        ]

    package static let fields: [Message] =
        [
            "X:", "X: ", "X:y", "X: y ", "X:\ty\t", "X-1_2: y", "!#$%&'*+-.^_`|~09azAZ: y", "X: \"q\" (c) {b} [x], é",
            "X: a:b",
            "X: a\tb", "Connection: close", "Connection: keep-alive, X", "Connection:", "Expect: 100-continue",
            "Expect: 100-Continue", "Content-Encoding: identity", "Content-Encoding: Identity",
        ].map { Message(post($0), 200) }
        + [
            "X", "X y", ": y", " X: y", "\tX: y", "X : y", "X\t: y", "X y: z", "X(: y", "X@: y", "X/Y: z", "X\"Y: z",
            "X=Y: z",
            "é: y", "X,Y: z", "X;Y: z", "X[: y", "X{: y", "X\\: y", "X: y\r\n folded", "X: y\r\n\tfolded", "X: y\rZ: z",
            "X: y\nZ: z", "Connection: a b", "Connection: \"close\"",
        ].map { Message(post($0), 400) }
        + [
            Message(post("Expect: 200-ok"), 417), Message(post("Expect:"), 417),
            Message(post("Content-Encoding: gzip"), 415), Message(post("Content-Encoding:"), 415),
            Message(post("Content-Encoding: identity, gzip"), 415),
            Message("GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400),
            Message("GET / HTTP/1.1\r\nHost\r\n\r\n", 400),
        ]

    package static let lengths: [Message] =
        [
            Message(post("Content-Length: 0"), 200),
            Message(post("Content-Length: 5", body: "hello"), 200),
            Message(post("Content-Length: 5", body: "hello, and the next"), 200),
            Message(post("Content-Length: 005", body: "hello"), 200),
            Message(post("content-length:5", body: "hello"), 200),
            Message(post("Content-Length: 5", body: "hell"), 0),
            Message(post("Content-Length: 5"), 0),
            Message(post("Content-Length: 1048576"), 0),
            Message(post("Content-Length: 1048577"), 413),
            Message(post("Content-Length: 999999999999999999"), 413),
            Message(post("Content-Length: 5", "Content-Length: 5", body: "hello"), 400),
            Message(post("Content-Length: 5", "Content-Length: 6", body: "hello"), 400),
            Message(post("Content-Length: 5", "CONTENT-LENGTH: 6", body: "hello"), 400),
            Message("GET / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab", 200),
        ]
        + [
            "", " ", "+5", "-5", "-0", "5,5", "5, 5", "5 5", "5;", "0x5", "5.0", "5e0", "five", "1_000", "５", "5\u{0}",
            "\"5\"",
            "1000000000000000000", "9223372036854775808", "18446744073709551621", "99999999999999999999999999999999",
        ].map { Message(post("Content-Length: \($0)", body: "hello"), 400) }

    package static let codings: [Message] =
        [
            Message(chunked("0\r\n\r\n"), 200),
            Message(post("transfer-encoding: Chunked", body: "0\r\n\r\n"), 200),
            Message(post("Transfer-Encoding: chunked", "Content-Length: 5", body: "0\r\n\r\n"), 400),
            Message(post("Content-Length: 5", "Transfer-Encoding: chunked", body: "0\r\n\r\n"), 400),
            Message(post("Content-Length: 0", "Transfer-Encoding: chunked", body: "0\r\n\r\n"), 400),
            Message(post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body: "0\r\n\r\n"), 400),
            Message(post("Transfer-Encoding: chunked", "Transfer-Encoding: identity", body: "0\r\n\r\n"), 400),
            Message("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ]
        + [
            "", "identity", "gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked,", ", chunked",
            "xchunked",
            "chunkedx", "chunked;a=b", "\"chunked\"", "chunke", "chunked\u{b}", "chunked chunked", "\u{b}chunked",
        ].map { Message(post("Transfer-Encoding: \($0)", body: "0\r\n\r\n"), 400) }

    package static let chunks: [Message] =
        [
            "5\r\nhello\r\n0\r\n\r\n", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\n",
            "a\r\n0123456789\r\n00\r\n\r\n",
            "5;x\r\nhello\r\n0\r\n\r\n", "5;x=y\r\nhello\r\n0;z\r\n\r\n", "5;x=\"a;b \\\" c\"\r\nhello\r\n0\r\n\r\n",
            "5;x;y=z\r\nhello\r\n0\r\n\r\n",
            "000000000000005\r\nhello\r\n0\r\n\r\n", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\nGET / HTTP/1.1\r\n",
        ].map { Message(chunked($0), 200) }
        + [
            "", "5", "5\r\n", "5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\nX: y\r\n",
            "100000\r\n",
        ].map { Message(chunked($0), 0) }
        + [
            "\r\n", "+5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
            "5_0\r\nhello\r\n0\r\n\r\n", "g\r\n",
            " 5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "5\t\r\nhello\r\n0\r\n\r\n",
            "5\nhello\r\n0\r\n\r\n", "5\rhello\n0\r\n\r\n",
            "5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "5\r\nhelloo\r\n0\r\n\r\n",
            "5\r\nhell\r\n0\r\n\r\n",
            "5;\r\nhello\r\n0\r\n\r\n", "5; x\r\nhello\r\n0\r\n\r\n", "5 ;x\r\nhello\r\n0\r\n\r\n",
            "5;x=\r\nhello\r\n0\r\n\r\n", "5;x=\"y\r\nhello\r\n0\r\n\r\n",
            "5;x=\"y\\\r\nhello\r\n0\r\n\r\n", "5;x y\r\nhello\r\n0\r\n\r\n", "5,5\r\nhello\r\n0\r\n\r\n",
            "0x\r\n\r\n", "5\r\nhello\r\n\r\n", "5\r\nhello\r\n-0\r\n\r\n", "5;x\u{0}\r\nhello\r\n0\r\n\r\n", "５\r\n",
            "5;x=\"\u{7f}\"\r\n", "5;x=\"\\\u{1}\"\r\n", "0000000000000005\r\nhello\r\n0\r\n\r\n",
            "fffffffffffffffff\r\n", "8000000000000000\r\n",
            "10000000000000005\r\nhello\r\n0\r\n\r\n",
            "5;" + String(repeating: "x", count: 255) + "\r\nhello\r\n0\r\n\r\n",
            "0\r\n\n", "0\n\r\n", "0\r\r\n\r\n",
        ].map { Message(chunked($0), 400) }
        + ["100001\r\n", "fffffffffffffff\r\n", "5\r\nhello\r\nfffff\r\n"].map { Message(chunked($0), 413) }

    package static let trailers: [Message] =
        ["X: y", "X:", "X-Checksum: abc\r\nY: z"].map { Message(chunked("0\r\n\($0)\r\n\r\n"), 200) }
        + [
            "X", "X y", " X: y", "X : y", ": y", "X: y\r\n z", "X: \u{0}", "X: a\rb", "é: y", "Content-Length: 5",
            "transfer-encoding: chunked", "Host: h", "Connection: close", "Content-Encoding: gzip", "GET / HTTP/1.1",
        ].map { Message(chunked("0\r\n\($0)\r\n\r\n"), 400) }

    /// Every byte that is no text, at the places where text is expected.
    package static let controls: [Message] = (Array(UInt8(0)...31) + [127]).flatMap { byte -> [Message] in
        let isTab = byte == 9
        return [
            (isTab ? 200 : 400, "POST /a HTTP/1.1\r\nHost: h\r\nX: a", "b\r\n\r\n"),
            (400, "POST /a HTTP/1.1\r\nHost: h\r\nX", "Y: z\r\n\r\n"),
            (400, "POST /a", "b HTTP/1.1\r\nHost: h\r\n\r\n"),
            (400, "PO", "ST /a HTTP/1.1\r\nHost: h\r\n\r\n"),
            (400, "POST /a HTTP/1.", "1\r\nHost: h\r\n\r\n"),
            (400, "POST /a HTTP/1.1\r\nHost: h", "h\r\n\r\n"),
        ].map { status, before, after in Message(Array(before.utf8) + [byte] + Array(after.utf8), status) }
    }

    /// A POST with more header lines, each without its CRLF, and a body.
    package static func post(_ lines: String..., body: String = "") -> String {
        "POST /a HTTP/1.1\r\nHost: h\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n" + body
    }

    package static func chunked(_ body: String) -> String {
        post("Transfer-Encoding: chunked", body: body)
    }

    private static func line(_ line: String) -> String {
        "\(line)\r\nHost: h\r\n\r\n"
    }

    private static func host(_ value: String) -> String {
        "GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n"
    }
}
