/// Path arithmetic on text; nothing here asks the file system.
enum Paths {
    /// The path as seen from `directory`, without `.` and empty components. `..` stays: with a link it means
    /// another place than the text says.
    static func resolve(_ path: String, in directory: String) -> String {
        let whole = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
