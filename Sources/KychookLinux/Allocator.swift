import CLinux

/// The C library's allocator, of which each thread has a part of its own.
package enum Allocator {
    /// Keeps so many freed bytes at hand in each thread's part, before it gives them back to the kernel.
    ///
    /// A batch of events is freed at once. With the default, 128 KiB, most batches gave their pages back, only for the
    /// next to fault them in again: a sixth of the writer's time. For the whole process; before its threads begin.
    package static func keepFreed(bytes: Int32) {
        mallopt(M_TRIM_THRESHOLD, bytes)
    }
}
