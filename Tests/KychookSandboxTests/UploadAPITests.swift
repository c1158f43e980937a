import KychookBitGo
import KychookModel
import KychookTesting
import Testing

@testable import KychookSandbox

/// Uploads of identity documents over real sockets.
@Suite(.timeLimit(.minutes(3)), .serialized) struct UploadAPITests {
    private func upload(
        _ parts: [(name: String, file: [UInt8]?)],
        in status: String = "awaiting document upload",
        settings: SandboxSettings = .init(),
        field: String = SandboxUnderTest.formField,
        _ check: (RawResponse) throws -> Void
    ) async throws {
        try await SandboxUnderTest.run(settings: settings) { sandbox async throws in
            let id = try sandbox.createIdentity()
            try sandbox.move(id, to: status)
            let path = "/api/evs/v1/identity/\(id)/document"
            try check(try sandbox.request("POST", path, SandboxUnderTest.form(parts), fields: [field]))
        }
    }

    @Test func `documents move the identity, and the answer has the guide's spelling`() async throws {
        let parts: [(name: String, file: [UInt8]?)] = [
            ("selectedIdClass", nil), ("frontPhoto", SandboxUnderTest.png()), ("backPhoto", SandboxUnderTest.png()),
            ("proofOfResidency", Array("%PDF-1.7".utf8)),
        ]
        try await upload(parts) { answer in
            #expect(answer.status == 200)
            #expect(answer.text("status") == "evalutating submission")
            #expect(answer.text("selectedIdClass") == "dl")
            guard case .array(let uploads)? = answer.json["fileUploads"] else { throw Missing() }
            #expect(uploads.compactMap { $0["documentType"]?.text } == ["frontPhoto", "backPhoto", "proofOfResidency"])
            #expect(uploads.first?["fileName"] == .text("frontPhoto.png"))
            #expect(uploads.first?["fileSize"] == .integer(100))
            #expect(uploads.first?["uploadStatus"] == .text("uploaded"))
        }
    }

    @Test func `the misspelling can be switched off`() async throws {
        var settings = SandboxSettings()
        settings.misspellsUploadStatus = false
        let parts: [(name: String, file: [UInt8]?)] = [
            ("selectedIdClass", nil), ("frontPhoto", SandboxUnderTest.png()),
        ]
        try await upload(parts, settings: settings) { answer in
            #expect(answer.text("status") == "evaluating submission")
        }
    }

    @Test(arguments: [(199, 200, 400), (200, 199, 400), (200, 200, 200), (201, 201, 200)] as [(Int, Int, Int)])
    func `an image has at least 200 by 200 pixels`(width: Int, height: Int, status: Int) async throws {
        let file = SandboxUnderTest.png(width, height)
        try await upload([("selectedIdClass", nil), ("frontPhoto", file)]) { #expect($0.status == status) }
    }

    @Test(arguments: [(-1, 200), (0, 200), (1, 400)]) func `a file has at most 15 MiB`(
        excess: Int,
        status: Int
    ) async throws {
        let file = SandboxUnderTest.png(size: (15 << 20) + excess)
        try await upload([("selectedIdClass", nil), ("frontPhoto", file)]) { answer in
            #expect(answer.status == status)
            if status == 400 { #expect(answer.text("error")?.hasPrefix("frontPhoto is larger") == true) }
        }
    }

    @Test func `three files of the largest size go in one call`() async throws {
        let file = SandboxUnderTest.png(size: 15 << 20)
        let parts = [("selectedIdClass", nil)] + DocumentUpload.files.map { ($0, file) }
        try await upload(parts) { #expect($0.status == 200) }
    }

    @Test func `what is missing or no document is refused`() async throws {
        let png = SandboxUnderTest.png()
        for parts in [
            [("frontPhoto", png)], [("selectedIdClass", nil)], [("selectedIdClass", nil), ("frontPhoto", [])],
            [("selectedIdClass", nil), ("frontPhoto", Array("GIF89a".utf8))],
            [("selectedIdClass", nil), ("frontPhoto", png), ("frontPhoto", png)],
            [("selectedIdClass", nil), ("frontPhoto", Array(png.prefix(20)))],
        ] as [[(name: String, file: [UInt8]?)]] {
            try await upload(parts) { #expect($0.status == 400) }
        }
        let whole: [(name: String, file: [UInt8]?)] = [("selectedIdClass", nil), ("frontPhoto", png)]
        for field in ["Content-Type: application/json", "X: y", "Content-Type: multipart/form-data"] {
            try await upload(whole, field: field) { #expect($0.status == 400) }
        }
        for status in ["approved", "declined"] {
            try await upload(whole, in: status) { #expect($0.text("name") == "InvalidIdentityStatus") }
        }
        try await upload(whole, in: "in review") { #expect($0.text("status") == "in review") }
    }
}
