import Glibc
import KychookLinux

/// A fresh directory for one measurement, removed with everything in it.
final class TemporaryDirectory {
    let path: String

    /// - Parameter parent: decides on the file system that is measured.
    init(in parent: String) throws(SystemError) {
        var template = Array("\(parent)/kychook-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError(call: "mkdtemp", subject: parent, code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        removeTree(path)
    }

    func path(_ name: String) -> String {
        "\(path)/\(name)"
    }

    func write(_ name: String, _ text: String) throws(SystemError) {
        let file = try Descriptor.open(path(name), O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try file.writeAll(Array(text.utf8))
    }

    /// `--directory`, or the file system that a server without configuration keeps its state on.
    static func parent(_ option: String?) throws(SystemError) -> String {
        if let option { return option }
        let state = getenv("XDG_STATE_HOME").map { String(cString: $0) }
        let home = getenv("HOME").map { String(cString: $0) }
        guard let parent = state ?? home.map({ "\($0)/.local/state" }) else { return "/tmp" }
        try makeDirectory(parent)
        return parent
    }
}

private func removeTree(_ path: String) {
    if let directory = opendir(path) {
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) }
            let child = "\(path)/\(name)"
            if name != ".", name != "..", unlink(child) != 0 { removeTree(child) }
        }
        closedir(directory)
    }
    rmdir(path)
}
