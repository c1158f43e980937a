import Glibc
import KychookConfig
import KychookLinux
import KychookModel
import KychookTesting
import Testing

@Suite struct SecretFileTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.path("secret") }

    private func write(_ text: String, mode: mode_t = 0o600) throws {
        try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC).writeAll(Array(text.utf8))
        chmod(path, mode)
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
    }

    private func secret(_ text: String) -> Secret {
        Secret(bytes: Array(text.utf8))
    }

    private func entries() -> [String] {
        names(in: directory.path)
    }

    @Test func `a secret a line, in the order of the lines, whatever their ends`() throws {
        try write("new\r\n\nold")
        let secrets = try SecretFile.read(path, .system())
        #expect(secrets.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } } == ["new", "old"])
    }

    @Test(arguments: [(0o600, nil), (0o400, nil), (0o640, "chmod 600"), (0o604, "chmod 600"), (0o620, "chmod 600")])
    func `a file that others may read or write is refused`(mode: mode_t, reason: String?) throws {
        try write("secret\n", mode: mode)
        var fault: SecretFile.Fault?
        do throws(SecretFile.Fault) {
            _ = try SecretFile.read(path, .system())
        } catch {
            fault = error
        }
        #expect(fault.map { $0.description.contains(reason ?? "never") } == (reason == nil ? nil : true))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func `a file of more than 64 KiB is refused`(difference: Int, isGood: Bool) throws {
        try write(String(repeating: "s", count: (64 << 10) + difference))
        #expect(((try? SecretFile.read(path, .system())) != nil) == isGood)
    }

    @Test func `a replacement is whole, private, and leaves nothing beside it`() throws {
        try write("old\nolder\n", mode: 0o400)
        try SecretFileReplacement(of: path).commit([secret("new"), secret("old")])
        #expect(try text(path) == "new\nold\n")
        #expect(try FileStatus.at(path).permissions == 0o600)
        #expect(entries() == ["secret"])
    }

    @Test func `a link stays a link`() throws {
        try write("old\n")
        let link = directory.path("link")
        #expect(symlink(path, link) == 0)
        try SecretFileReplacement(of: link).commit([secret("new")])
        #expect(try text(path) == "new\n")
        #expect(entries() == ["link", "secret"])
    }

    @Test func `a replacement that was not made changes nothing`() throws {
        try write("old\n")
        _ = try SecretFileReplacement(of: path)
        #expect(try text(path) == "old\n")
        #expect(entries() == ["secret"])
    }

    @Test func `what keeps the file from being written shows before there is a secret`() throws {
        #expect(throws: SystemError.self) { _ = try SecretFileReplacement(of: directory.path("missing")) }
    }

    @Test func `a secret that cannot take its place stays beside it`() throws {
        try write("old\n")
        let replacement = try SecretFileReplacement(of: path)
        unlink(path)
        mkdir(path, 0o700)
        var saved: String?
        do throws(SecretFileReplacement.Failure) {
            try replacement.commit([secret("new"), secret("old")])
        } catch {
            if case .saved(let at, _) = error { saved = at }
        }
        #expect(try text(#require(saved)) == "new\nold\n")
        #expect(try FileStatus.at(#require(saved)).permissions == 0o600)
    }

    @Test func `a secret whose directory went away takes refuge in another`() throws {
        let (refuge, gone) = (TemporaryDirectory(), directory.path("gone"))
        for refuges in [[directory.path("missing"), refuge.path], []] {
            mkdir(gone, 0o700)
            try Descriptor.open("\(gone)/secret", O_WRONLY | O_CREAT).writeAll(Array("old\n".utf8))
            let replacement = try SecretFileReplacement(of: "\(gone)/secret", refuges: refuges)
            for name in names(in: gone) { unlink("\(gone)/\(name)") }
            rmdir(gone)
            do throws(SecretFileReplacement.Failure) {
                try replacement.commit([secret("new")])
                Issue.record("it cannot have been written")
            } catch {
                switch error {
                case .saved(let at, _):
                    #expect(at.hasPrefix(refuge.path) && !refuges.isEmpty)
                    #expect(try text(at) == "new\n")
                    #expect(try FileStatus.at(at).permissions == 0o600)
                case .lost:
                    #expect(refuges.isEmpty)
                }
            }
        }
    }
}

/// Names in a directory, sorted.
private func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        names.append(withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) })
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
}
