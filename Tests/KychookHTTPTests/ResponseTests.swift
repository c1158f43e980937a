import Testing

@testable import KychookHTTP

@Suite struct `An answer` {
    @Test func `has Date, Content-Length and Content-Type, and nothing about the server`() {
        let text = written(Response(status: 200, text: #"{"status":"accepted"}"#))
        #expect(
            text == """
                HTTP/1.1 200 OK\r
                Content-Type: application/json\r
                Content-Length: 21\r
                Date: Sun, 06 Nov 1994 08:49:37 GMT\r
                \r
                {"status":"accepted"}
                """
        )
    }

    @Test func `carries further fields`() {
        let response = Response(status: 401, headers: [(name: "WWW-Authenticate", value: "Signature")], text: "no")
        #expect(written(response).contains("\r\nWWW-Authenticate: Signature\r\n"))
    }

    @Test func `says when the connection ends, and to HTTP/1.0 when it stays`() {
        let response = Response(status: 200, text: "x")
        #expect(written(response, .init(closes: true)).contains("\r\nConnection: close\r\n"))
        #expect(written(response, .init(isVersion10: true)).contains("\r\nConnection: keep-alive\r\n"))
        #expect(written(response, .init(closes: true, isVersion10: true)).contains("\r\nConnection: close\r\n"))
        #expect(!written(response).contains("Connection"))
    }

    @Test func `to HEAD has the length but not the body`() {
        let text = written(Response(status: 200, text: "hello"), .init(omitsBody: true))
        #expect(text.contains("\r\nContent-Length: 5\r\n"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test(arguments: [204, 304])
    func `without a body has no length either`(_ status: Int) {
        let text = written(Response(status: status))
        #expect(!text.contains("Content-"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test func `with an empty body says so`() {
        let text = written(Response(status: 200))
        #expect(text.contains("\r\nContent-Length: 0\r\n"))
        #expect(!text.contains("Content-Type"))
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_827_696, "Tue, 29 Feb 2000 12:34:56 GMT"), (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        (1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (1_767_225_599, "Wed, 31 Dec 2025 23:59:59 GMT"),
    ])
    func `formats dates`(_ second: Int, _ text: String) {
        #expect(imfFixdate(second) == text)
    }

    private func written(_ response: Response, _ context: Response.Context = .init()) -> String {
        var output = ByteBuffer(capacity: 1)
        var date = DateLine()
        date.update(toSecond: 784_111_777)
        response.append(to: &output, date: date, context)
        return String(decoding: output.bytes, as: UTF8.self)
    }
}

@Suite struct `A byte set` {
    @Test(arguments: [
        (ByteSet.token, "!#$%&'*+-.^_`|~", true),
        (ByteSet.target, "-._~!$&'()*+,;=:@/?%", true),
        (ByteSet.hostName, "-._~%", true),
        (ByteSet.hexDigit, "", false),
    ])
    func `holds what its definition says and nothing else`(_ set: ByteSet, _ signs: String, _ hasAllLetters: Bool) {
        let letters = hasAllLetters ? "abcdefghijklmnopqrstuvwxyz" : "abcdef"
        let members = Set((signs + letters + letters.uppercased() + "0123456789").utf8)
        for byte in UInt8.min...UInt8.max { #expect(set.contains(byte) == members.contains(byte), "\(byte)") }
    }
}

@Suite struct `Byte buffer` {
    @Test func `keeps its bytes while it grows and shrinks`() {
        var buffer = ByteBuffer(capacity: 4)
        for number in 0..<100 { buffer.append([UInt8(number), 0]) }
        buffer.removeFirst(10)
        #expect(Array(buffer.bytes) == (5..<100).flatMap { [UInt8($0), 0] })
        buffer.truncate(to: 2)
        #expect(Array(buffer.bytes) == [5, 0])
        buffer.truncate(to: 0)
        buffer.shrink(to: 8)
        #expect(buffer.capacity == 8)
        buffer.append("hello")
        #expect(Array(buffer.bytes) == Array("hello".utf8))
    }
}
