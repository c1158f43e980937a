import Glibc

/// Gives every standard descriptor that this process was started without something that stands in for it.
///
/// Otherwise the next file that is opened gets its number, and what is meant for standard output goes into a database.
/// Standard output then refuses what is written to it, so that nobody takes it for delivered. Called before anything
/// is opened.
package func fillStandardDescriptors() {
    let substitutes = [
        (STDIN_FILENO, "/dev/null", O_RDONLY), (STDOUT_FILENO, "/dev/full", O_WRONLY),
        (STDERR_FILENO, "/dev/null", O_WRONLY),
    ]
    // Upwards: open(2) gives out the lowest number that is free.
    for (number, path, flags) in substitutes where fcntl(number, F_GETFD) == -1 {
        _ = open(path, flags)
    }
}
