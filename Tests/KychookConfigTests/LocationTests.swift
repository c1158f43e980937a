import Glibc
import KychookConfig
import KychookLinux
import KychookModel
import KychookTesting
import Testing

@Suite("Where the configuration comes from")
struct LocationTests {
    private let files = ["/etc/kychook/kychook.yaml": file("a"), "/srv/kychook.yaml": file("b"), "/x": file("c")]

    private func find(option: String?, variables: [String: String], directory: String) throws -> ConfigurationLocation {
        var surroundings = surroundings(variables: variables, files: files)
        surroundings.workingDirectory = directory
        return try ConfigurationLocation.find(option: option, surroundings: surroundings)
    }

    @Test
    func `the documented order`() throws {
        let variables = ["KYCHOOK_CONFIG": "/x", "HOME": "/home/a"]
        #expect(try find(option: "o", variables: variables, directory: "/srv") == .file("o", .option))
        #expect(try find(option: nil, variables: variables, directory: "/srv") == .file("/x", .environment))
        #expect(
            try find(option: nil, variables: ["KYCHOOK_CONFIG": ""], directory: "/srv")
                == .file("kychook.yaml", .workingDirectory)
        )
        #expect(try find(option: nil, variables: [:], directory: "/") == .file("/etc/kychook/kychook.yaml", .system))
    }

    @Test
    func `without any file the embedded one, with its state where XDG says`() throws {
        func directory(_ variables: [String: String]) throws -> String? {
            let surroundings = surroundings(variables: variables)
            guard case .embedded(let embedded) = try ConfigurationLocation.find(option: nil, surroundings: surroundings)
            else { return nil }
            return embedded.stateDirectory
        }
        #expect(try directory(["HOME": "/home/a"]) == "/home/a/.local/state/kychook")
        #expect(try directory(["HOME": "/home/a", "XDG_STATE_HOME": "/s/"]) == "/s/kychook")
        #expect(try directory(["HOME": "/home/a", "XDG_STATE_HOME": "s"]) == "/home/a/.local/state/kychook")
        #expect(throws: ConfigurationErrors.self) { try directory([:]) }
    }

    @Test
    func `a file that exists but cannot be read is an error, not passed over`() throws {
        let locked = Surroundings(variables: ["HOME": "/h"]) { path, _ in
            .failure(SystemError(call: "open", subject: path, code: path == "/kychook.yaml" ? EACCES : ENOENT))
        }
        let location = try ConfigurationLocation.find(option: nil, surroundings: locked)
        #expect(location == .file("kychook.yaml", .workingDirectory))
        let error = #expect(throws: ConfigurationErrors.self) { try location.load(locked) }
        #expect(error?.description == "kychook.yaml: the configuration, cannot be read: Permission denied")
    }

    @Test
    func `relative paths begin at the file's directory`() throws {
        let text = configuration("").replacing("/var/log/events.jsonl", with: "logs/e.jsonl")
        var surroundings = surroundings(files: ["/srv/sub/k.yaml": file(text)])
        surroundings.workingDirectory = "/srv"
        let loaded = try ConfigurationLocation.file("sub/k.yaml", .option).load(surroundings)
        guard case .log(let log) = loaded.configuration.sinks.first?.kind else {
            Issue.record("no log")
            return
        }
        #expect(log.path == "/srv/sub/logs/e.jsonl")
    }

    @Test
    func `the embedded configuration makes its secret once, for its owner alone, and then loads`() throws {
        let directory = TemporaryDirectory()
        let embedded = EmbeddedConfiguration(stateDirectory: directory.path("new/a \"b\"/kychook"))
        #expect(try embedded.prepare(random: Array(0..<32)))
        #expect(try !embedded.prepare(random: Array(repeating: 7, count: 32)))
        let secret = try FileStatus.at(embedded.secretPath)
        #expect(secret.permissions == 0o600 && secret.size == 65)
        #expect(try FileStatus.at(embedded.stateDirectory).permissions == 0o700)
        let loaded = try ConfigurationLocation.embedded(embedded).load(.system())
        #expect(loaded.warnings.isEmpty)
        let configuration = loaded.configuration
        #expect(configuration.listen == [.standard])
        #expect(configuration.stateDirectory == embedded.stateDirectory)
        #expect(configuration.sources.map(\.path) == ["/webhooks/bitgo"])
        #expect(configuration.sinks.map(\.name) == ["events"])
        let text = configuration.sources.first?.secrets.first?.withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(text == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
    }

    @Test
    func `the embedded configuration says when its secret is missing`() throws {
        let location = ConfigurationLocation.embedded(EmbeddedConfiguration(stateDirectory: "/s"))
        let error = #expect(throws: ConfigurationErrors.self) { try location.load(surroundings()) }
        #expect(error?.problems.map(\.file) == ["embedded configuration"])
    }

    @Test
    func `the real surroundings read files, tell programs, and never wait for a FIFO`() throws {
        let directory = TemporaryDirectory()
        let surroundings = Surroundings.system()
        #expect(surroundings.variables["PATH"] != nil)
        #expect(surroundings.workingDirectory.hasPrefix("/"))
        #expect(surroundings.whyNotExecutable("/bin/sh") == nil)
        #expect(surroundings.whyNotExecutable("/bin") == "not a regular file")
        #expect(surroundings.whyNotExecutable(directory.path("none")) == "No such file or directory")
        let fifo = directory.path("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(try !surroundings.readFile(fifo, 10).get().isRegular)
        let text = directory.path("text")
        try Descriptor.open(text, O_WRONLY | O_CREAT, mode: 0o640).writeAll(Array("hello".utf8))
        let contents = try surroundings.readFile(text, 4).get()
        #expect(contents.bytes == Array("hell".utf8))
        #expect(contents.permissions == 0o640)
        #expect(surroundings.whyNotExecutable(text) == "Permission denied" || geteuid() == 0)
        #expect(throws: SystemError.self) { try surroundings.readFile(directory.path("none"), 4).get() }
    }
}
