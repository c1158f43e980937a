import Glibc
package import KychookLinux
package import KychookModel

/// What a configuration reads besides its own text; tests put their own in.
package struct Surroundings: Sendable {
    package var variables: [String: String]
    /// Absolute; what a relative `--config` is relative to.
    package var workingDirectory: String
    /// Reads at most `limit` bytes of a file, and never waits for one that is no regular file.
    package var readFile: @Sendable (_ path: String, _ limit: Int) -> Result<FileContents, SystemError>
    /// Why a program could not be run, in words; nil when it could.
    package var whyNotExecutable: @Sendable (_ path: String) -> String?
    /// For the dates of certificates.
    package var clock: WallClock

    package init(
        variables: [String: String] = [:],
        workingDirectory: String = "/",
        readFile: @escaping @Sendable (_ path: String, _ limit: Int) -> Result<FileContents, SystemError>,
        whyNotExecutable: @escaping @Sendable (_ path: String) -> String? = { _ in nil },
        clock: WallClock = .system
    ) {
        self.variables = variables
        self.workingDirectory = workingDirectory
        self.readFile = readFile
        self.whyNotExecutable = whyNotExecutable
        self.clock = clock
    }

    /// A file as far as it was read, and who may read it.
    package struct FileContents: Sendable {
        package var bytes: [UInt8]
        /// Permission bits, `0o7777` at most.
        package var permissions: UInt32
        package var isRegular: Bool

        package init(bytes: [UInt8], permissions: UInt32 = 0o600, isRegular: Bool = true) {
            self.bytes = bytes
            self.permissions = permissions
            self.isRegular = isRegular
        }
    }
}

extension Surroundings {
    /// The real ones, as they are now.
    package static func system() -> Surroundings {
        Surroundings(
            variables: environmentVariables(),
            workingDirectory: currentDirectory(),
            readFile: { path, limit in
                Result { () throws(SystemError) in
                    // Without O_NONBLOCK, opening a FIFO would wait for a writer.
                    let file = try Descriptor.open(path, O_RDONLY | O_NONBLOCK)
                    let status = try file.status()
                    let bytes = status.isRegular ? try file.readAll(limit: limit) : []
                    return FileContents(bytes: bytes, permissions: status.permissions, isRegular: status.isRegular)
                }
            },
            whyNotExecutable: { path in
                do throws(SystemError) {
                    guard try FileStatus.at(path).isRegular else { return "not a regular file" }
                    _ = try KychookLinux.system("access", on: path) { access(path, X_OK) }
                    return nil
                } catch {
                    return error.reason
                }
            }
        )
    }
}

private func environmentVariables() -> [String: String] {
    var variables: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
        let text = String(cString: entry)
        if let equals = text.firstIndex(of: "=") {
            variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        next += 1
    }
    return variables
}

private func currentDirectory() -> String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
}
