import KychookModel
import KychookTesting
import Testing

@testable import KychookSandbox

/// Forms as curl writes them, cut, bent and crowded.
struct FormReaderTests {
    static let type = "multipart/form-data; boundary=b"

    private func parts(_ body: String, _ type: String = Self.type) throws(FormProblem) -> [FormPart] {
        try parts(Array(body.utf8), type)
    }

    private func parts(_ body: [UInt8], _ type: String = Self.type) throws(FormProblem) -> [FormPart] {
        try FormReader.parts(body.span, contentType: type)
    }

    private func part(_ name: String, _ content: String) -> String {
        "--b\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(content)\r\n"
    }

    @Test func `a field and a file come out as they went in`() throws {
        let body =
            part("selectedIdClass", "dl")
            + "--b\r\nContent-Disposition: form-data; name=\"frontPhoto\"; filename=\"a \\\"b\\\";.png\"\r\n"
            + "Content-Type: image/png\r\n\r\n\r\n--c\r\n--\r\n-b\r\n--b--\r\n"
        #expect(
            try parts(body) == [
                FormPart(name: "selectedIdClass", bytes: Array("dl".utf8)),
                FormPart(name: "frontPhoto", fileName: "a \"b\";.png", bytes: Array("\r\n--c\r\n--\r\n-b".utf8)),
            ]
        )
    }

    @Test(
        arguments: [
            "multipart/form-data; boundary=b", "multipart/form-data;boundary=\"b\"", "Multipart/Form-Data; BOUNDARY=b",
            "multipart/form-data; charset=utf-8; boundary=b",
        ]
    )
    func `the boundary is found however it is written`(type: String) throws {
        #expect(try parts(part("a", "1") + "--b--", type).map(\.name) == ["a"])
    }

    @Test func `contents may be empty, and an end may have a line's end or none`() throws {
        for end in ["--b--", "--b--\r\n"] { #expect(try parts(part("a", "") + end).first?.bytes == []) }
        #expect(try parts("--b--\r\n").isEmpty)
    }

    @Test(
        arguments: [
            ("application/json", FormProblem.notMultipart), ("", .notMultipart),
            ("multipart/mixed; boundary=b", .notMultipart),
            ("multipart/form-data", .noBoundary), ("multipart/form-data; boundary=\"\"", .noBoundary),
            ("multipart/form-data; boundary=\"b \"", .noBoundary), ("multipart/form-data; boundary=b@", .noBoundary),
            ("multipart/form-data; boundary=b; boundary=c", .notMultipart),
        ]
    )
    func `another content type or boundary is refused`(type: String, problem: FormProblem) {
        #expect(throws: problem) { try parts(part("a", "1") + "--b--", type) }
    }

    @Test(arguments: [(69, true), (70, true), (71, false)]) func `a boundary has at most 70 characters`(
        count: Int,
        isTaken: Bool
    ) throws {
        let boundary = String(repeating: "x", count: count)
        let body = part("a", "1").replacing("--b", with: "--\(boundary)") + "--\(boundary)--"
        let result = try? parts(body, "multipart/form-data; boundary=\(boundary)")
        #expect((result?.count == 1) == isTaken)
    }

    @Test(
        arguments: [
            ("", FormProblem.unfinished), ("x", .malformed), ("preamble\r\n--b\r\n", .malformed), ("--b", .unfinished),
            ("--bxx", .malformed), ("--b\r\n", .unfinished), ("--b--x", .malformed), ("--b--\r\n\r\n", .malformed),
            ("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", .unfinished),
            ("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b", .unfinished),
            ("--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--", .withoutName),
            ("--b\r\n\r\n1\r\n--b--", .withoutName),
            ("--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--b--", .malformed),
            ("--b\r\nno colon\r\n\r\n1\r\n--b--", .malformed),
            (
                "--b\r\nContent-Disposition: form-data; name=a\r\nContent-Type: image/png; x\r\n\r\n1\r\n--b--",
                .malformed
            ),
            (
                "--b\r\nContent-Disposition: form-data; name=a\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n1\r\n--b--",
                .nested
            ),
            (
                "--b\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--b--",
                .encoded
            ),
        ]
    )
    func `a bent form is refused`(body: String, problem: FormProblem) {
        #expect(throws: problem) { try parts(body) }
    }

    @Test func `a name may be there once`() {
        #expect(throws: FormProblem.duplicateName) { try parts(part("a", "1") + part("a", "2") + "--b--") }
    }

    @Test(arguments: [(15, true), (16, true), (17, false)]) func `a form has at most 16 parts`(
        count: Int,
        isTaken: Bool
    ) {
        let body = (0..<count).map { part("p\($0)", "x") }.joined() + "--b--"
        if isTaken {
            #expect((try? parts(body))?.count == count)
        } else {
            #expect(throws: FormProblem.tooManyParts) { try parts(body) }
        }
    }

    @Test(arguments: [(4095, true), (4096, true), (4097, false)]) func `a part's head has at most 4096 bytes`(
        count: Int,
        isTaken: Bool
    ) {
        let line = "Content-Disposition: form-data; name=a\r\nX: "
        let head = line + String(repeating: "y", count: count - line.utf8.count - 4) + "\r\n\r\n"
        let body = "--b\r\n\(head)1\r\n--b--"
        if isTaken {
            #expect((try? parts(body))?.count == 1)
        } else {
            #expect(throws: FormProblem.headTooLarge) { try parts(body) }
        }
    }

    @Test func `a form that was changed anywhere is read or refused, whatever it is`() throws {
        let whole = Array((part("selectedIdClass", "dl") + part("frontPhoto", "x") + "--b--").utf8)
        var random = SeededGenerator(seed: 4)
        var taken = 0
        for _ in 0..<3000 {
            var body = whole
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let index = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: body[index] = UInt8.random(in: 0...255, using: &random)
                case 1: body.remove(at: index)
                default:
                    body.insert(contentsOf: "\r\n--b".utf8.prefix(Int.random(in: 1...5, using: &random)), at: index)
                }
            }
            guard let parts = try? parts(body) else { continue }
            taken += 1
            #expect(Set(parts.map(\.name)).count == parts.count)
        }
        #expect((1..<3000).contains(taken))
    }

    @Test func `no cut of a form passes for a whole one`() {
        let whole = Array((part("selectedIdClass", "dl") + part("frontPhoto", "\r\n--\r\n") + "--b--").utf8)
        for count in 0..<whole.count {
            #expect(throws: FormProblem.self, "\(count)") {
                try parts(Array(whole[..<count]))
            }
        }
    }
}
